import type { Worker } from "node:worker_threads";
import type { Clock } from "../../base/clock.ts";
import type { Divergence } from "../../base/predictions/divergence.ts";
import { startProgramThread } from "../../base/threads/program-threads.ts";

/** To the thread: two answers, as they came. */
export interface ComparisonTask {
  readonly client: Uint8Array;
  readonly copy: Uint8Array;
  readonly tolerance: number;
  /** Of gRPC, whose messages they are; absent: they are JSON. */
  readonly method?: string | undefined;
}

/** From the thread, in the order of the tasks. Without a divergence there was nothing to compare. */
export interface ComparisonAnswer {
  readonly divergence: Divergence | undefined;
}

/** Two answers, in pieces. */
interface AnswerPair extends Pick<ComparisonTask, "tolerance" | "method"> {
  readonly client: readonly Buffer[];
  readonly copy: readonly Buffer[];
}

/** Told of the divergence, or of nothing when the pair was not compared. */
type Told = (divergence: Divergence | undefined) => void;

/** Pairs on their way to and in the thread: with two answers of 256 KiB each these are 16 MiB. */
const maxPending = 32;
/** Nobody mirrors for this long: the thread's memory is given back. */
const idleMs = 60_000;

/** Compares answers in a thread of its own, which lives while there is something to compare: parsing holds up no request. */
export class Comparisons {
  readonly #clock: Clock;
  /** In the order of the tasks, in which they are answered. */
  readonly #pending: Told[] = [];
  #worker: Worker | undefined;
  #cancelIdle: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `told` is called once, later. */
  compare({ client, copy, tolerance, method }: AnswerPair, told: Told): void {
    if (this.#pending.length >= maxPending) {
      told(undefined);
      return;
    }
    this.#pending.push(told);
    const task: ComparisonTask = { client: joined(client), copy: joined(copy), tolerance, method };
    this.#worker ??= this.#started();
    this.#worker.postMessage(task, [task.client.buffer as ArrayBuffer, task.copy.buffer as ArrayBuffer]); // `joined` made them
    this.#cancelIdle?.();
    this.#cancelIdle = this.#clock.after(idleMs, () => this.close());
  }

  /** Ends the thread; what it has not compared is not compared. */
  close(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
    void this.#worker?.terminate();
    this.#lost();
  }

  #started(): Worker {
    const worker = startProgramThread("comparisons");
    worker.unref();
    worker.on("message", ({ divergence }: ComparisonAnswer) => {
      if (this.#worker === worker) this.#pending.shift()?.(divergence);
    });
    // A pair that is too much for the thread is not compared; the next one gets a new thread.
    worker.on("error", () => {
      if (this.#worker === worker) this.#lost();
    });
    return worker;
  }

  #lost(): void {
    this.#worker = undefined;
    for (const told of this.#pending.splice(0)) told(undefined);
  }
}

/** In memory of its own, which can be moved to the thread. */
function joined(chunks: readonly Buffer[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
