import { connect } from "node:net";
import { systemClock } from "../../../runtime/base/clock.ts";
import { defaultConnectionLimits } from "../../../runtime/server/http-server.ts";
import type { AnsweredRequest } from "../../../runtime/server/protocol-listener.ts";
import { openProtocolServer } from "../../../runtime/server/protocol-server.ts";
import { type RandomSource, createRandom } from "../../simulation/schedule/random.ts";
import { mutated } from "../mutation.ts";
import type { HttpSeed, Target } from "../requests/requests.ts";
import { type Tally, note } from "../tally.ts";

/** A server under test, and the valid bytes to mutate. */
export interface Wire {
  readonly port: number;
  readonly seeds: readonly [Buffer, ...Buffer[]];
  /** Concurrent connections. */
  readonly atOnce: number;
}

/** Time limit of a request: an incomplete one is refused and its connection closed. */
const timeoutMs = 300;
/** A server that does not respond for so long hangs. */
const hangMs = 20_000;

export async function openWire({ protocols, http }: Target): Promise<Wire> {
  const limits = { ...defaultConnectionLimits, headersTimeoutMs: timeoutMs, requestTimeoutMs: timeoutMs };
  const server = await openProtocolServer(
    { host: "127.0.0.1", port: 0, portFlag: "--http-port", limits },
    {
      protocols,
      body: { maxBytes: 1024 * 1024, minBytesPerSecond: 1024, paceMs: timeoutMs },
      timeoutMs: 10_000,
      isDraining: () => false,
      onStart: () => {},
      onAnswer: ({ fault }: AnsweredRequest) => {
        if (fault?.level === "error") process.stderr.write(`${fault.sentence}\n`);
      },
      clock: systemClock,
    },
  );
  const [first, ...others] = http.map(bytesOf);
  if (first === undefined) throw new Error("there are no requests");
  return { port: server.port, seeds: [first, ...others], atOnce: 50 };
}

function bytesOf({ method, target, headers, body }: HttpSeed): Buffer {
  const lines = Object.entries(headers)
    .filter(([name]) => !/^(?:host|content-length|transfer-encoding)$/i.test(name))
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${target} HTTP/1.1\r\nhost: a\r\n${lines.join("")}`;
  return Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body]);
}

/** Sends these seeds concurrently, each on its own connection. */
export async function fuzzWire(
  wire: Wire,
  { first, count }: { first: number; count: number },
  tally: Tally,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const seed = first + i;
      const outcome = await firstStatus(wire.port, sent(wire, createRandom(seed)));
      const isOurs = /^5(?!0[135])/.test(outcome) || outcome === "hung";
      note(tally, seed, outcome, isOurs ? `was answered ${outcome}` : undefined);
    }),
  );
}

/** One or two requests, or a chunked one, mutated as bytes. */
function sent({ seeds }: Wire, chance: RandomSource): Buffer {
  const request = chance.pick(seeds);
  const other = chance.pick(seeds);
  const whole = chance.bool(0.3) ? Buffer.concat([request, other]) : request;
  const bytes = mutated(chance.bool(0.3) ? chunked(whole, chance) : whole, chance, other);
  return bytes.length === 0 ? Buffer.from("\r\n") : bytes;
}

function chunked(request: Buffer, chance: RandomSource): Buffer {
  const at = request.indexOf("\r\n\r\n");
  const head = request.toString("latin1", 0, at).replace(/content-length: \d+/, "transfer-encoding: chunked");
  const body = request.subarray(at + 4);
  const middle = chance.integer(0, body.length);
  const chunks = [body.subarray(0, middle), body.subarray(middle)]
    .filter((part) => part.length > 0)
    .map((part) => `${part.length.toString(16)}\r\n${part.toString("latin1")}\r\n`);
  return Buffer.from(`${head}\r\n\r\n${chunks.join("")}0\r\n\r\n`, "latin1");
}

/** Status of the first response; `closed` without one. The client half-closes at once, so the server must end the connection. */
function firstStatus(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let head = "";
    const hang = setTimeout(() => end("hung"), hangMs);
    const end = (outcome: string): void => {
      clearTimeout(hang);
      socket.destroy();
      resolve(outcome);
    };
    socket.on("data", (chunk: Buffer) => {
      if (head.length < 12) head += chunk.toString("latin1", 0, 12);
    });
    socket.on("error", () => end(statusIn(head)));
    socket.on("close", () => end(statusIn(head)));
    socket.end(bytes);
  });
}

function statusIn(head: string): string {
  return head.startsWith("HTTP/1.1 ") ? head.slice(9, 12) : "closed";
}
