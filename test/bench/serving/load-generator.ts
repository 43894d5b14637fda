/**
 * Repeats one request and checks every answer. Prints `connected` when all connections are established and, at the end, a line of
 * JSON (`LoadReport`).
 *
 *     node load-generator.ts PORT CONNECTIONS SECONDS REQUEST_FILE [RATE]
 *
 * Without a RATE it is a closed loop: each connection sends its next request when it has the answer. With a RATE (requests per second)
 * it is an open loop: requests start at fixed times, and their latency counts from then, including the wait for a free connection.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";

/** The content of REQUEST_FILE. */
interface Exchange {
  /** The whole request, headers included, base64. */
  readonly request: string;
  /** Bytes that the correct answer contains, in base64. */
  readonly answer: string;
}

const [port = "", connections = "", seconds = "", file = "", rateText] = process.argv.slice(2);
const exchange = JSON.parse(readFileSync(file, "utf8")) as Exchange; // written by the bench itself
const request = Buffer.from(exchange.request, "base64");
const wanted = Buffer.from(exchange.answer, "base64");
const rate = rateText === undefined ? undefined : Number(rateText);

const latencies: number[] = [];
/** Latencies by the quarter second in which the requests started. */
const quarters: number[][] = [];
const quarterMs = 250;
/** Latencies of refused requests. */
const refusals: number[] = [];
let wrong = 0;
let failed = 0;
let end = Number.POSITIVE_INFINITY;
const free: Connection[] = [];
const due: number[] = [];

/** One connection with one request at a time. */
class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #total = -1;
  #start = 0;
  readonly #onAnswer: (connection: Connection) => void;

  constructor(onAnswer: (connection: Connection) => void) {
    this.#onAnswer = onAnswer;
    this.#socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk) => this.#take(chunk));
    this.#socket.on("error", () => failed++);
  }

  connected(): Promise<void> {
    return new Promise((resolve, reject) => this.#socket.once("connect", resolve).once("error", reject));
  }

  send(start: number): void {
    this.#start = start;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    if (this.#total < 0) this.#total = totalLength(this.#received);
    if (this.#total < 0 || this.#received.length < this.#total) return;
    const isRefusal = checkAnswer(this.#received.subarray(0, this.#total));
    const latency = performance.now() - this.#start;
    (isRefusal ? refusals : latencies).push(latency);
    if (!isRefusal) (quarters[Math.floor((this.#start - start) / quarterMs)] ??= []).push(latency);
    this.#received = Buffer.alloc(0);
    this.#total = -1;
    this.#onAnswer(this);
  }
}

function totalLength(received: Buffer): number {
  const head = received.indexOf("\r\n\r\n");
  if (head < 0) return -1;
  const length = /^content-length: *(\d+)/im.exec(received.toString("latin1", 0, head))?.[1];
  if (length !== undefined) return head + 4 + Number(length);
  const last = received.indexOf("\r\n0\r\n\r\n", head);
  return last < 0 ? -1 : last + 7;
}

/** Counts a wrong answer; returns whether the request was refused. */
function checkAnswer(answer: Buffer): boolean {
  const status = answer.toString("latin1", 9, 12);
  if (status === "429" || status === "503") return true;
  if (status !== "200" || !answer.includes(wanted)) wrong++;
  return false;
}

/** Time at which the first request was due. */
let start = 0;

const again = (connection: Connection): void => {
  const now = performance.now();
  if (now >= end) return;
  if (rate === undefined) {
    connection.send(now);
    return;
  }
  const next = due.shift();
  if (next === undefined) free.push(connection);
  else connection.send(next);
};

const all = Array.from({ length: Number(connections) }, () => new Connection(again));
await Promise.all(all.map((connection) => connection.connected()));
process.stdout.write("connected\n");
// The benchmark reads the server's processor time now; by then the server has accepted all connections.
await new Promise((resolve) => setTimeout(resolve, 100));
start = performance.now();
end = start + Number(seconds) * 1000;
if (rate === undefined) {
  for (const connection of all) connection.send(start);
} else {
  free.push(...all);
  let sent = 0;
  const pump = (): void => {
    const now = performance.now();
    if (now >= end) return;
    for (; start + (sent * 1000) / rate <= now; sent++) {
      const at = start + (sent * 1000) / rate;
      const connection = free.pop();
      if (connection === undefined) due.push(at);
      else connection.send(at);
    }
    setImmediate(pump);
  };
  pump();
}
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000 + 100));
for (const connection of all) connection.close();
const at = (list: readonly number[], share: number): number => {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};
process.stdout.write(
  `${JSON.stringify({
    requests: latencies.length + refusals.length,
    seconds: Number(seconds),
    wrong,
    rejected: refusals.length,
    failed,
    p50: at(latencies, 0.5),
    p99: at(latencies, 0.99),
    quarterP99: at(
      quarters.map((list) => at(list, 0.99)),
      0.5,
    ),
    rejectP99: at(refusals, 0.99),
  })}\n`,
);
process.exit();
