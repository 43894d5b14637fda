import { trialBody } from "./trial-body.ts";
import type { Condition, ModelDeployment, RevisionStatus } from "../../crds/v1alpha1/model-deployment.ts";

/** Text that is already safe in HTML. Only the `html` tag makes it, so that nothing gets into a page unescaped. */
interface SafeHtml {
  readonly html: string;
}

type Part = string | number | undefined | SafeHtml | readonly SafeHtml[];

interface ModelPageOptions {
  readonly tryable: boolean;
  readonly trial?: { readonly asked: string; readonly answer: string };
}

/** Every ModelDeployment with its Ready condition. */
export function listPage(deployments: readonly ModelDeployment[]): string {
  const rows = deployments.map((deployment) => {
    const { namespace = "default", name } = deployment.metadata;
    const ready = condition(deployment, "Ready");
    return html`<tr>
      <td><a href="/models/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}">${name}</a></td>
      <td>${namespace}</td>
      <td class="${tone(ready)}">${ready?.status ?? "Unknown"}</td>
      <td>${ready?.reason}</td>
      <td>${deployment.status?.stable?.version}</td>
      <td>${deployment.status?.replicas ?? 0}</td>
      <td>${ready?.message}</td>
    </tr>`;
  });
  const table = html`<table>
    <thead>
      <tr>
        <th>Name</th>
        <th>Namespace</th>
        <th>Ready</th>
        <th>Reason</th>
        <th>Version</th>
        <th>Replicas</th>
        <th>Message</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
  const empty = html`<p>No ModelDeployment yet. <code>kubectl apply -f</code> one.</p>`;
  return page("ModelDeployments", deployments.length === 0 ? empty : table);
}

/** One ModelDeployment: conditions, revisions, model, and the form that tries a prediction. */
export function modelPage(deployment: ModelDeployment, options: ModelPageOptions): string {
  const { namespace = "default", name } = deployment.metadata;
  const { conditions = [] } = deployment.status ?? {};
  return page(
    `${namespace}/${name}`,
    html`<p><a href="/">All ModelDeployments</a></p>
      <h2>Conditions</h2>
      <table id="conditions">
        <thead>
          <tr>
            <th>Type</th>
            <th>Status</th>
            <th>Reason</th>
            <th>Message</th>
          </tr>
        </thead>
        <tbody>
          ${conditions.map(conditionRow)}
        </tbody>
      </table>
      <h2>Revisions</h2>
      <table id="revisions">
        <thead>
          <tr>
            <th></th>
            <th>Revision</th>
            <th>Version</th>
            <th>Ready</th>
            <th>Replicas</th>
            <th>Weight</th>
          </tr>
        </thead>
        <tbody>
          ${revisionRows(deployment)}
        </tbody>
      </table>
      <h2>Model</h2>
      ${modelFacts(deployment)}
      ${options.tryable ? trialForm(options.trial, deployment.status?.model?.signature) : html``}`,
  );
}

/** A page that says one thing. */
export function messagePage(title: string, message: string): string {
  return page(
    title,
    html`<p>${message}</p>
      <p><a href="/">All ModelDeployments</a></p>`,
  );
}

function modelFacts({ status }: ModelDeployment): SafeHtml {
  const { model, url } = status ?? {};
  if (model === undefined) return html`<p>not loaded yet</p>`;
  const facts = [
    ["Signature", model.signature],
    ["Format", model.format],
    ["Engine", model.engine],
    ["Why this engine", model.engineNote],
    ["Size", model.bytes === undefined ? undefined : `${model.bytes.toLocaleString("en")} bytes`],
    ["Digest", model.digest],
    ["URL", url],
  ] as const;
  const rows = facts.flatMap(([name, value]) =>
    value === undefined
      ? []
      : [
          html`<tr>
            <th scope="row">${name}</th>
            <td><code>${value}</code></td>
          </tr>`,
        ],
  );
  return html`<table id="model">
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

/** How a condition looks: most are good when True, a stall is bad, and whether something is under way is neither. */
function tone(condition: Condition | undefined): "good" | "bad" | "neutral" {
  if (condition === undefined || condition.status === "Unknown") return "neutral";
  if (condition.type === "Progressing" || condition.type === "Reconciling") return "neutral";
  return (condition.status === "True") === (condition.type !== "Stalled") ? "good" : "bad";
}

function conditionRow(condition: Condition): SafeHtml {
  const { type, status, reason, message } = condition;
  return html`<tr>
    <td>${type}</td>
    <td class="${tone(condition)}">${status}</td>
    <td>${reason}</td>
    <td>${message}</td>
  </tr>`;
}

function revisionRows({ status }: ModelDeployment): readonly SafeHtml[] {
  return [
    ...(status?.stable === undefined ? [] : [revisionRow("stable", status.stable)]),
    ...(status?.candidate === undefined ? [] : [revisionRow("candidate", status.candidate)]),
  ];
}

function revisionRow(role: string, { revision, version, ready, replicas, weight }: RevisionStatus): SafeHtml {
  return html`<tr>
    <td>${role}</td>
    <td>${revision}</td>
    <td>${version}</td>
    <td>${ready ?? 0}</td>
    <td>${replicas ?? 0}</td>
    <td>${weight ?? 0} %</td>
  </tr>`;
}

function trialForm(trial: ModelPageOptions["trial"], signature: string | undefined): SafeHtml {
  const answer = trial === undefined ? html`` : html`<pre id="answer">${trial.answer}</pre>`;
  return html`<h2>Try a prediction</h2>
    <form method="post">
      <label for="body">Request body, as TensorFlow Serving's REST API takes it</label>
      <textarea id="body" name="body" rows="8" spellcheck="false">${trial?.asked ?? trialBody(signature)}</textarea>
      <button type="submit">Predict</button>
    </form>
    ${answer}`;
}

function condition(deployment: ModelDeployment, type: string): Condition | undefined {
  return deployment.status?.conditions?.find((candidate) => candidate.type === type);
}

function page(title: string, body: SafeHtml): string {
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
      </body>
    </html>`.html
  }`;
}

const style = `
  :root { color-scheme: light dark; --line: light-dark(#d8dee6, #39434f); --soft: light-dark(#f3f5f8, #1d242c);
    --good: light-dark(#0a6b2d, #5fd38a); --bad: light-dark(#a4161a, #ff8a80); --quiet: light-dark(#5c6672, #9aa5b1); }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1.25rem;
    color: light-dark(#1d2733, #e4e9ef); background: light-dark(#fff, #12171d); }
  h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
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
  button { padding: .45rem 1.2rem; font: inherit; }`;

function html(strings: TemplateStringsArray, ...parts: readonly Part[]): SafeHtml {
  return { html: strings.map((text, i) => (i === 0 ? text : `${rendered(parts[i - 1])}${text}`)).join("") };
}

function rendered(part: Part): string {
  if (part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escaped(String(part));
  if ("html" in part) return part.html;
  return part.map((piece) => piece.html).join("");
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);
}
