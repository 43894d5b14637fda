/**
 * Repeats one gRPC call and checks every answer. Prints `connected` and, at the end, the number of answers. Its cost is a fraction of
 * a gRPC library's, so that the server is the bottleneck.
 *
 *     node http2-generator.ts PORT CONNECTIONS CALLS_EACH SECONDS REQUEST_BASE64 ANSWER_PART_BASE64
 *
 * CALLS_EACH is the number of concurrent calls per connection.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { systemClock } from "../../../runtime/base/clock.ts";
import { Http2Connection } from "../../../runtime/http2/connection.ts";
import type { HeaderList } from "../../../runtime/http2/hpack/header-writer.ts";
import type { StreamOwner } from "../../../runtime/http2/stream.ts";

const [port = "", connections = "", callsEach = "", seconds = "", requestText = "", partText = ""] =
  process.argv.slice(2);
const message = Buffer.from(requestText, "base64");
const request = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
const part = Buffer.from(partText, "base64");
/** The headers that grpc-js sends. */
const headers: HeaderList = Object.entries({
  ":method": "POST",
  ":scheme": "http",
  ":path": "/inference.GRPCInferenceService/ModelInfer",
  ":authority": `127.0.0.1:${port}`,
  "grpc-accept-encoding": "identity,deflate,gzip",
  "accept-encoding": "identity",
  "user-agent": "grpc-node-js/1.14.0",
  "content-type": "application/grpc",
  te: "trailers",
}).flat();
let answers = 0;
let inFlight = 0;
const lastAnswered = Promise.withResolvers<void>();
let end = Number.POSITIVE_INFINITY;

class Call implements StreamOwner {
  readonly #connection: Http2Connection;
  #isCorrect = false;
  #status = "";

  constructor(connection: Http2Connection) {
    this.#connection = connection;
    inFlight += 1;
    connection.request(headers, this).end(request);
  }

  headersReceived(list: HeaderList): void {
    const at = list.indexOf("grpc-status");
    if (at !== -1) this.#status = list[at + 1] ?? "";
  }

  data(chunk: Buffer): void {
    if (chunk.includes(part)) this.#isCorrect = true;
  }

  ended(): void {}

  drained(): void {}

  closed(code: number | undefined): void {
    if (code !== undefined || !this.#isCorrect || this.#status !== "0") {
      throw new Error(`a wrong answer: reset ${code}, status ${this.#status}`);
    }
    answers += 1;
    if (performance.now() < end) void new Call(this.#connection);
    inFlight -= 1;
    if (inFlight === 0) lastAnswered.resolve();
  }
}

async function connected(): Promise<Http2Connection> {
  const socket = connect({ host: "127.0.0.1", port: Number(port), noDelay: true });
  await once(socket, "connect");
  return new Http2Connection({
    socket,
    clock: systemClock,
    headers: { listBytes: 16_384, maxFields: 64 },
    maxStreams: 0,
    streamWindowBytes: 256 * 1024,
    connectionWindowBytes: 16 * 1024 * 1024,
    resets: { burst: 100, perSecond: 100 },
    idleMs: Number.POSITIVE_INFINITY,
  });
}

const all = await Promise.all(Array.from({ length: Number(connections) }, connected));
process.stdout.write("connected\n");
// The benchmark may raise this process's priority when it reads this line.
await new Promise((resolve) => setTimeout(resolve, 100));
end = performance.now() + Number(seconds) * 1000;
for (const connection of all) for (let i = 0; i < Number(callsEach); i += 1) void new Call(connection);
await lastAnswered.promise;
process.stdout.write(`${JSON.stringify({ answers })}\n`);
process.exit();
