import type { Duplex } from "node:stream";

/** A parsed request. Only what Kubernetes clients send is supported: HTTP/1.1, bodies with a length. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** First word of User-Agent. */
  readonly agent: string;
  readonly body: string;
}

/** A whole response, or a watch, whose function starts it and returns the function that ends it. */
export type Reply =
  | { readonly status: number; readonly body: string }
  | { readonly status: 200; readonly watch: (stream: WatchWriter) => () => void };

/** Writes to a watch's client. */
export interface WatchWriter {
  /** False if the client is behind: continue at `onDrain`. */
  readonly write: (text: string) => boolean;
  readonly onDrain: (more: () => void) => void;
  readonly end: () => void;
}

const reasons: Readonly<Record<number, string>> = { 200: "OK", 201: "Created" };
const headEnd = Buffer.from("\r\n\r\n");

/**
 * Answers the requests of one connection in order. It does not use `node:http`, so that the server costs as little as possible beside
 * the measured client.
 */
export function serveConnection(socket: Duplex, answer: (request: ApiRequest) => Reply): void {
  let rest: Buffer = Buffer.alloc(0);
  let endWatch = (): void => {};
  socket.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    socket.cork();
    for (let next = readRequest(rest); next !== undefined; next = readRequest(rest)) {
      rest = rest.subarray(next.end);
      const reply = answer(next.request);
      if ("body" in reply) socket.write(whole(reply));
      else endWatch = reply.watch(streamed(socket));
    }
    socket.uncork();
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => endWatch());
}

function whole({ status, body }: { readonly status: number; readonly body: string }): string {
  const head = `HTTP/1.1 ${status} ${reasons[status] ?? "Refused"}\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function streamed(socket: Duplex): WatchWriter {
  socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
  return {
    write: (text) => socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`),
    onDrain: (more) => socket.once("drain", more),
    end: () => void socket.end("0\r\n\r\n"),
  };
}

function readRequest(buffer: Buffer): { readonly request: ApiRequest; readonly end: number } | undefined {
  const headLength = buffer.indexOf(headEnd);
  if (headLength === -1) return undefined;
  const [first = "", ...lines] = buffer.toString("latin1", 0, headLength).split("\r\n");
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line] as const));
  const header = (name: string): string =>
    headers
      .get(name)
      ?.slice(name.length + 1)
      .trim() ?? "";
  const begin = headLength + headEnd.length;
  const end = begin + Number(header("content-length") || 0);
  if (buffer.length < end) return undefined;
  const [method = "", target = ""] = first.split(" ");
  const [path = "", query = ""] = target.split("?");
  return {
    end,
    request: {
      method,
      path,
      query: new URLSearchParams(query),
      contentType: header("content-type"),
      agent: header("user-agent"),
      body: buffer.toString("utf8", begin, end),
    },
  };
}
