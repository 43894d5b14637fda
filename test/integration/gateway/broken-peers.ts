import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { mutated } from "../../fuzz/mutation.ts";
import { type RandomSource, createRandom } from "../../simulation/schedule/random.ts";

/** Misbehaving clients and pods on both sides of a gateway. */
export interface BrokenPeers {
  readonly podPort: number;
  /** Sends the bytes for this seed; resolves with the first status, or how the connection ended without one. */
  readonly client: (gatewayPort: number, seed: number) => Promise<string>;
  /** What no gateway may send: malformed requests, or requests smuggled in another's body. */
  readonly violations: readonly string[];
  /** Requests that the pod received. */
  readonly requests: () => number;
  readonly close: () => void;
}

const model = "POST /v1/models/digits:predict HTTP/1.1\r\nhost: a\r\n";
const requests = texts(
  `${model}content-length: 4\r\n\r\nabcdGET /v1/models/digits HTTP/1.1\r\nhost: b\r\n\r\n`,
  `${model}transfer-encoding: chunked\r\n\r\n4;a=b\r\nabcd\r\n0\r\n\r\n`,
  `${model}transfer-encoding: chunked\r\ntrailer: x\r\n\r\n4\r\nabcd\r\n0\r\nx: y\r\n\r\n`,
  `${model}expect: 100-continue\r\ncontent-length: 3\r\n\r\nabc`,
  `${model}connection: close, x-a\r\nx-a: b\r\ncontent-length: 0\r\n\r\n`,
  `${model}content-length: 40\r\n\r\nGET /hidden HTTP/1.1\r\nhost: aaaaaaaaaa\r\n\r\n`,
  `${model}content-length: 100000\r\n\r\n${"y".repeat(100_000)}`,
  "HEAD /v1/models/digits HTTP/1.1\r\nhost: a\r\n\r\nGET /v1/models/digits HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
  "PUT /v1/models/digits HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
);
const answers = texts(
  "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  "HTTP/1.1 503 Unavailable\r\nconnection: close\r\ncontent-length: 3\r\n\r\nno!",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
  "HTTP/1.0 200 OK\r\n\r\nuntil the end",
  "HTTP/1.1 204 No Content\r\n\r\n",
  `HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n${"x".repeat(200_000)}`,
);

/** How long a client waits for an answer. */
const patienceMs = 400;
/** Ways in which connections end, and errors that follow from our own ends of them. */
const ends = new Set(["ECONNRESET", "EPIPE", "EINVAL", "ERR_STREAM_WRITE_AFTER_END", "HPE_INVALID_EOF_STATE"]);

function texts(first: string, ...rest: readonly string[]): readonly [Buffer, ...Buffer[]] {
  return [Buffer.from(first), ...rest.map((text) => Buffer.from(text))];
}

/** Peers whose behaviour is drawn from this seed. */
export async function brokenPeers(seed: number): Promise<BrokenPeers> {
  const chance = createRandom(seed);
  const violations: string[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    if (request.url?.includes("hidden") === true) violations.push(`${request.method} ${request.url}`);
    request.on("error", () => {});
    if (chance.bool(0.3)) answer(request, response, chance);
    else request.resume().once("end", () => setTimeout(() => answer(request, response, chance), chance.integer(0, 20)));
  });
  // Node's parser is strict: what it cannot parse is malformed.
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!ends.has(error.code ?? "")) violations.push(`${error.code}: ${error.message}`);
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: podPort } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    podPort,
    client: firstStatus,
    violations,
    requests: () => requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The answer of a healthy pod, of one that dies before or in the middle of it, or a malformed one. */
function answer({ socket }: IncomingMessage, response: ServerResponse, chance: RandomSource): void {
  const kind = chance.integer(0, 9);
  const bytes = chance.pick(answers);
  if (kind < 4) response.end("{}");
  else if (kind === 4) socket.resetAndDestroy();
  else if (kind === 5) socket.write(bytes.subarray(0, chance.integer(0, bytes.length)), () => socket.destroy());
  else socket.end(kind === 6 ? bytes : mutated(bytes, chance, chance.pick(answers)));
}

function firstStatus(port: number, seed: number): Promise<string> {
  const chance = createRandom(seed);
  const whole = chance.pick(requests);
  const bytes = chance.bool(0.3) ? whole : mutated(whole, chance, chance.pick(requests));
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let text = "";
  return new Promise((resolve) => {
    const end = (how: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? how);
    };
    const timer = setTimeout(() => end("waits"), patienceMs);
    socket.on("data", (chunk) => (text ||= chunk.toString("latin1", 0, 20)));
    socket.on("error", () => end("closed")).on("close", () => end("closed"));
    const leave = (): void => void socket.resetAndDestroy();
    switch (chance.integer(0, 5)) {
      case 0:
        for (let at = 0, size = chance.integer(1, 1 + bytes.length / 3); at < bytes.length; at += size)
          socket.write(bytes.subarray(at, at + size));
        return;
      case 1:
        socket.write(bytes.subarray(0, chance.integer(0, bytes.length)), () =>
          setTimeout(leave, chance.integer(0, 40)),
        );
        return;
      case 2:
        socket.end(bytes);
        return;
      case 3:
        socket.pause().write(bytes);
        setTimeout(() => socket.resume(), chance.integer(0, 100));
        return;
      default:
        socket.write(bytes);
    }
  });
}
