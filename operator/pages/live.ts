import type { Response } from "express";

/** How often an open page is compared with the current state. */
const lookMs = 500;
/** Proxies close a stream that is silent for a minute. */
const heartbeatMs = 15_000;

/** Replaces the live part of a page whenever the server sends a new one. */
export const liveScript = `const live = document.getElementById("live");
if (live) {
  const events = new EventSource(live.dataset.source);
  events.onmessage = ({ data }) => {
    live.innerHTML = JSON.parse(data);
  };
}
`;

/** Sends a fragment of a page, and again whenever it changes, until the browser leaves (server-sent events). */
export function streamFragment(response: Response, fragment: () => string): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  let shown = "";
  const look = (): void => {
    const next = fragment();
    if (next === shown) return;
    shown = next;
    response.write(`data: ${JSON.stringify(next)}\n\n`);
  };
  look();
  const looking = setInterval(look, lookMs);
  const beating = setInterval(() => response.write(": still here\n\n"), heartbeatMs);
  response.once("close", () => {
    clearInterval(looking);
    clearInterval(beating);
  });
}
