import type { Worker } from "node:worker_threads";
import type { Clock } from "../../base/clock.ts";
import type { Divergence } from "../../base/predictions/divergence.ts";
import { startProgramThread } from "../../base/threads/program-threads.ts";

/** Message to the thread: two responses, as received. */
export interface ComparisonTask {
  readonly client: Uint8Array;
  readonly copy: Uint8Array;
  readonly tolerance: number;
  /** gRPC method of the messages; absent: the responses are JSON. */
  readonly method?: string | undefined;
}

/** Message from the thread, in the order of the tasks. Without a divergence there was nothing to compare. */
export interface ComparisonAnswer {
  readonly divergence: Divergence | undefined;
}

/** Two responses, in chunks. */
interface AnswerPair extends Pick<ComparisonTask, "tolerance" | "method"> {
  readonly client: readonly Buffer[];
  readonly copy: readonly Buffer[];
}

/** Called with the divergence, or with undefined when the pair was not compared. */
type OnCompared = (divergence: Divergence | undefined) => void;

/** Pairs queued for the thread: with two responses of 256 KiB each these are 16 MiB. */
const maxPending = 32;
/** The thread ends after this long without a comparison, to free its memory. */
const idleMs = 60_000;

/** Compares responses in a worker thread, which lives while it is used, so that parsing delays no request. */
export class Comparisons {
  readonly #clock: Clock;
  /** Callbacks in the order of the tasks, in which they are answered. */
  readonly #pending: OnCompared[] = [];
  #worker: Worker | undefined;
  #cancelIdle: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `onCompared` is called once, asynchronously unless too many pairs are queued. */
  compare({ client, copy, tolerance, method }: AnswerPair, onCompared: OnCompared): void {
    if (this.#pending.length >= maxPending) {
      onCompared(undefined);
      return;
    }
    this.#pending.push(onCompared);
    const task: ComparisonTask = { client: joined(client), copy: joined(copy), tolerance, method };
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage(task, [task.client.buffer as ArrayBuffer, task.copy.buffer as ArrayBuffer]); // `joined` made them
    this.#cancelIdle?.();
    this.#cancelIdle = this.#clock.after(idleMs, () => this.close());
  }

  /** Ends the thread; queued pairs are not compared. */
  close(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
    void this.#worker?.terminate();
    this.#dropPending();
  }

  #startWorker(): Worker {
    const worker = startProgramThread("comparisons");
    worker.unref();
    worker.on("message", ({ divergence }: ComparisonAnswer) => {
      if (this.#worker === worker) this.#pending.shift()?.(divergence);
    });
    // A pair that crashes the thread is not compared; the next one starts a new thread.
    worker.on("error", () => {
      if (this.#worker === worker) this.#dropPending();
    });
    return worker;
  }

  #dropPending(): void {
    this.#worker = undefined;
    for (const onCompared of this.#pending.splice(0)) onCompared(undefined);
  }
}

/** Joins chunks in memory of their own, which can be transferred to the thread. */
function joined(chunks: readonly Buffer[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
