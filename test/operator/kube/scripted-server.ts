import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** A request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** A real HTTP server that answers requests in the order of a script and repeats the last answer. */
export interface ScriptedServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  stop(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startScriptedServer(...answers: readonly Answer[]): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const entry = { method, url, headers, body: Buffer.concat(chunks).toString() };
      const answer = answers[Math.min(seen.length, answers.length - 1)];
      seen.push(entry);
      answer?.(response, entry);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A complete JSON response. */
export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

/** A refusal with a Status body. */
export function refusal(
  code: number,
  reason: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return json({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message }, code, headers);
}

/** Answers nothing and keeps the connection open. */
export const hang: Answer = () => {};

/** Breaks the connection before any answer. */
export const reset: Answer = (response) => response.socket?.resetAndDestroy();

/** Sends half a response and breaks the connection. */
export const resetWithinBody: Answer = (response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
  response.write('{"kind":"ConfigMap",', () => setTimeout(() => response.socket?.resetAndDestroy(), 20));
};

/** A watch that sends the pieces as they are and closes cleanly. */
export function watchOf(...pieces: readonly (string | object)[]): Answer {
  return (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    for (const piece of pieces) response.write(typeof piece === "string" ? piece : `${JSON.stringify(piece)}\n`);
    response.end();
  };
}

/** A watch that sends the events and stays open. */
export function openWatchOf(...events: readonly object[]): Answer {
  return (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
  };
}
