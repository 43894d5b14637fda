import type { Response } from "express";

/** How often an open page is compared with the current state. */
const pollMs = 500;
/** Proxies close a stream that is idle for a minute. */
const heartbeatMs = 15_000;

/** Browser script that replaces the live part of a page whenever the server sends a new one. */
export const liveScript = `const live = document.getElementById("live");
if (live) {
  const events = new EventSource(live.dataset.source);
  events.onmessage = ({ data }) => {
    live.innerHTML = JSON.parse(data);
  };
}
`;

/** Sends a fragment of a page, and again whenever it changes, until the browser disconnects (server-sent events). */
export function streamFragment(response: Response, fragment: () => string): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  let sent = "";
  const poll = (): void => {
    const next = fragment();
    if (next === sent) return;
    sent = next;
    response.write(`data: ${JSON.stringify(next)}\n\n`);
  };
  poll();
  const polling = setInterval(poll, pollMs);
  const heartbeats = setInterval(() => response.write(": heartbeat\n\n"), heartbeatMs);
  response.once("close", () => {
    clearInterval(polling);
    clearInterval(heartbeats);
  });
}
