import type { Duplex } from "node:stream";

/** A request as far as Kubernetes clients send them: HTTP/1.1, bodies with a length. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** First word of User-Agent. */
  readonly agent: string;
  readonly body: string;
}

/** One piece of text, or a stream that goes on until its reader leaves. */
export type Reply =
  | { readonly status: number; readonly body: string }
  | { readonly status: 200; readonly follow: (stream: Follower) => () => void };

/** The reader of a stream. */
export interface Follower {
  /** False when the reader is behind: go on at `onDrain`. */
  readonly write: (text: string) => boolean;
  readonly onDrain: (more: () => void) => void;
  readonly end: () => void;
}

const reasons: Readonly<Record<number, string>> = { 200: "OK", 201: "Created" };
const headEnd = Buffer.from("\r\n\r\n");

/**
 * Answers the requests of one connection in their order. Not `node:http`: this server is to cost as little as it can
 * beside the client that is measured.
 */
export function serveConnection(socket: Duplex, answer: (asked: Asked) => Reply): void {
  let rest: Buffer = Buffer.alloc(0);
  let leave = (): void => {};
  socket.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    socket.cork();
    for (let next = readRequest(rest); next !== undefined; next = readRequest(rest)) {
      rest = rest.subarray(next.end);
      const reply = answer(next.asked);
      if ("body" in reply) socket.write(whole(reply));
      else leave = reply.follow(streamed(socket));
    }
    socket.uncork();
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => leave());
}

function whole({ status, body }: { readonly status: number; readonly body: string }): string {
  const head = `HTTP/1.1 ${status} ${reasons[status] ?? "Refused"}\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function streamed(socket: Duplex): Follower {
  socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
  return {
    write: (text) => socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`),
    onDrain: (more) => socket.once("drain", more),
    end: () => void socket.end("0\r\n\r\n"),
  };
}

function readRequest(buffer: Buffer): { readonly asked: Asked; readonly end: number } | undefined {
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
    asked: {
      method,
      path,
      query: new URLSearchParams(query),
      contentType: header("content-type"),
      agent: header("user-agent"),
      body: buffer.toString("utf8", begin, end),
    },
  };
}
