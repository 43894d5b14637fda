import { html, type SafeHtml } from "./html.ts";

/** A complete HTML document around a body. */
export function page(title: string, body: SafeHtml): string {
  return `<!doctype html>${
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title} · Modelwright</title>
        <style>
          ${{ html: style }}
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
        <script src="/live.js" defer></script>
      </body>
    </html>`.html
  }`;
}

const style = `
  :root { color-scheme: light dark; --line: light-dark(#d8dee6, #39434f); --soft: light-dark(#f3f5f8, #1d242c);
    --good: light-dark(#0a6b2d, #5fd38a); --bad: light-dark(#a4161a, #ff8a80); --quiet: light-dark(#5c6672, #9aa5b1); }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1.25rem;
    color: light-dark(#1d2733, #e4e9ef); background: light-dark(#fff, #12171d); }
  [hidden] { display: none; } h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
  a { color: light-dark(#0b57a4, #7db8ff); }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
  th { font-size: .85rem; font-weight: 600; color: var(--quiet); white-space: nowrap; }
  td:first-child { white-space: nowrap; }
  code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
  .good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; } .neutral { color: var(--quiet); }
  textarea { display: block; width: 100%; box-sizing: border-box; font: 13px/1.4 ui-monospace, monospace; margin: .5rem 0;
    padding: .6rem; border: 1px solid var(--line); border-radius: 4px; background: var(--soft); color: inherit; }
  pre { background: var(--soft); padding: .8rem; border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere;
    font: 13px/1.4 ui-monospace, monospace; }
  button { padding: .45rem 1.2rem; font: inherit; }
  .bar { display: flex; height: 1.2rem; border-radius: 4px; overflow: hidden; }
  .legend { display: flex; justify-content: space-between; margin: .3rem 0; font-size: .85rem; }
  .legend span { padding: .1rem .5rem; border-radius: 4px; }
  .stable { background: light-dark(#cfe3d6, #1f4a30); } .candidate { background: light-dark(#cfdcf5, #24406f); }
  svg { width: 100%; height: auto; border-bottom: 1px solid var(--line); } svg text { font-size: 11px; fill: var(--quiet); }
  polyline { fill: none; stroke-width: 1.5; } polyline.offered { stroke: #d08700; } polyline.desired { stroke: #2f6fd0; }
  polyline.ready { stroke: #2a8f4d; } span.offered { color: #d08700; } span.desired { color: #2f6fd0; } span.ready { color: #2a8f4d; }
  ol.steps { padding-left: 1.4rem; } .steps .now { font-weight: 600; } .steps .past { color: var(--quiet); }
  form.command { display: inline-block; margin: .5rem .5rem 0 0; }`;
