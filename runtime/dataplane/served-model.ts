import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { LoadedModel } from "../engines/engine.ts";
import { type Signatures, signatureName } from "./signature.ts";
import { batchKey, divided, isBatchable, joined, rowCount } from "./batch.ts";
import { faults } from "./faults.ts";
import type { InferTarget, RunTerms } from "./infer.ts";
import { type RunRecord, type RunStatistics, runRecord } from "./run-statistics.ts";
import { partwise } from "./parts.ts";
import type { Tensor } from "./tensor.ts";

/** How requests wait and run together. */
export interface BatchingLimits {
  /** Rows that run as one batch at most; 1 turns batching off. A single larger request runs alone. */
  readonly maxBatchSize: number;
  /** Requests that may wait; further ones are refused with `QueueFull`. */
  readonly maxQueued: number;
  /** How long a request may wait for others to fill its batch; 0: only while the engine is busy anyway. */
  readonly maxDelayMs: number;
}

/** Defaults of `spec.serving.batching`. */
export const defaultBatching: BatchingLimits = { maxBatchSize: 32, maxQueued: 1024, maxDelayMs: 0 };

/** A loaded model behind its queue. Holds the engine's memory until `unload`. */
export interface ServedModel extends InferTarget {
  readonly loaded: LoadedModel;
  statistics(): RunStatistics;
  /** Requests that wait; those that run. */
  readonly queued: number;
  readonly running: number;
  /** Refuses new requests with `Draining`, resolves when all accepted ones are answered, then unloads. */
  drain(): Promise<void>;
}

/** What a model is called here, and how its requests are put together. */
export interface ServeOptions {
  readonly name: string;
  readonly version: number;
  readonly batching: BatchingLimits;
  readonly clock: Clock;
  /** Its engine runs on the event loop: large requests whose rows may run together with others' run in parts. */
  readonly isOnLoop?: boolean;
  /** Called after each batch that ran, with its rows and its engine time. */
  readonly onBatch?: (batch: { readonly rows: number; readonly requests: number; readonly engineMs: number }) => void;
}

/** Puts a loaded model behind a bounded queue with greedy batching. */
export function serveModel(loaded: LoadedModel, options: ServeOptions): ServedModel {
  return new QueuedModel(loaded, options);
}

interface Waiting {
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  /** Requests with equal keys may share a batch; absent: it runs alone. */
  readonly key: string | undefined;
  readonly terms: RunTerms;
  readonly signature: string;
  /** `Clock.monotonic()` of its admission. */
  readonly admission: number;
  readonly resolve: (outputs: readonly Tensor[]) => void;
  readonly reject: (fault: Fault) => void;
}

/** One use of the engine. */
interface Turn {
  hasEnded: boolean;
}

function batchableNames(signatures: Signatures): ReadonlySet<string> {
  return new Set([...signatures].filter(([, signature]) => isBatchable(signature)).map(([name]) => name));
}

/** Holds the queue and, through `loaded`, the engine's memory. */
class QueuedModel implements ServedModel {
  readonly loaded: LoadedModel;
  readonly name: string;
  readonly version: number;
  readonly #options: ServeOptions;
  /** Names of the signatures whose requests may run together. */
  readonly #batchable: ReadonlySet<string>;
  readonly #record: RunRecord;
  readonly #partwise: ReturnType<typeof partwise>;
  /** Made once: in an overload it is told to many. */
  readonly #full: Fault;
  #waiting: Waiting[] = [];
  /** Requests that the engine has, or whose answers are on their way. */
  #running = 0;
  /** Whether the engine has a batch. */
  #isBusy = false;
  #scheduled = false;
  #cancelDelay: (() => void) | undefined;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(loaded: LoadedModel, options: ServeOptions) {
    this.loaded = loaded;
    this.name = options.name;
    this.version = options.version;
    this.#options = options;
    this.#record = runRecord(options.clock);
    this.#partwise = partwise(options.batching.maxBatchSize, options.clock);
    this.#full = faults.QueueFull({ model: options.name, limit: options.batching.maxQueued, afterMs: 1000 });
    this.#batchable = options.batching.maxBatchSize > 1 ? batchableNames(loaded.signatures) : new Set();
  }

  get signatures(): LoadedModel["signatures"] {
    return this.loaded.signatures;
  }

  statistics(): RunStatistics {
    return this.#record.statistics();
  }

  get queued(): number {
    return this.#waiting.length;
  }

  get running(): number {
    return this.#running;
  }

  refusal(): Fault | undefined {
    if (this.#drained !== undefined) return faults.Draining({ model: this.name });
    return this.#waiting.length >= this.#options.batching.maxQueued ? this.#full : undefined;
  }

  run(inputs: readonly Tensor[], terms: RunTerms = {}): Promise<readonly Tensor[]> {
    const refusal = this.refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const signature = signatureName(this.signatures, terms.signature);
      const key = this.#batchable.has(signature) ? `${signature}:${batchKey(inputs)}` : undefined;
      const admission = this.#options.clock.monotonic();
      this.#waiting.push({ inputs, rows: rowCount(inputs), key, terms, signature, admission, resolve, reject });
      this.#schedule();
    });
  }

  drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers<void>();
    this.#settle();
    if (this.#waiting.length > 0) this.#flushSoon();
    return this.#drained.promise;
  }

  #schedule(): void {
    if (this.#scheduled || this.#isBusy) return;
    const { maxDelayMs, maxBatchSize } = this.#options.batching;
    const isFull = this.#waiting.length >= maxBatchSize;
    if (this.#batchable.size === 0 || maxDelayMs <= 0 || isFull || this.#drained !== undefined) {
      this.#flushSoon();
      return;
    }
    this.#cancelDelay ??= this.#options.clock.after(maxDelayMs, () => this.#flushSoon());
  }

  /** After the requests that the event loop has already read: they are what queued while the engine was busy. */
  #flushSoon(): void {
    this.#cancelDelay?.();
    this.#cancelDelay = undefined;
    if (this.#scheduled || this.#isBusy) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#isBusy) void this.#runNext();
    });
  }

  async #runNext(): Promise<void> {
    const batch = this.#nextBatch();
    if (batch.length > 0) {
      const turn = this.#turn();
      this.#running += batch.length;
      await this.#execute(batch, () => this.#goOn(turn));
      this.#running -= batch.length;
      this.#end(turn);
    }
    if (this.#waiting.length > 0) this.#schedule();
    this.#settle();
  }

  #turn(): Turn {
    this.#isBusy = true;
    return { hasEnded: false };
  }

  #end(turn: Turn): void {
    if (!turn.hasEnded) this.#isBusy = false;
    turn.hasEnded = true;
  }

  /** A batch that cannot become larger need not wait until the answers of the one before are written. */
  #goOn(turn: Turn): void {
    this.#end(turn);
    const largest = this.#batchable.size === 0 ? 1 : this.#options.batching.maxBatchSize;
    if (this.#waiting.length >= largest) void this.#runNext();
  }

  /** The oldest request still wanted, and those behind it that may share its batch. */
  #nextBatch(): readonly Waiting[] {
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    let rows = 0;
    for (const waiting of this.#waiting) {
      const stale = this.#staleness(waiting);
      if (stale !== undefined) {
        this.#reject(waiting, stale);
        continue;
      }
      const [first] = batch;
      const fits = waiting.key !== undefined && rows + waiting.rows <= this.#options.batching.maxBatchSize;
      if (first === undefined || (fits && first.key === waiting.key)) {
        batch.push(waiting);
        rows += waiting.rows;
      } else {
        left.push(waiting);
      }
    }
    this.#waiting = left;
    return batch;
  }

  #staleness({ terms: limits }: Waiting): Fault | undefined {
    if (limits.signal?.aborted === true) return faults.Cancelled({ model: this.name });
    const isLate = limits.deadline !== undefined && this.#options.clock.monotonic() > limits.deadline;
    return isLate ? faults.DeadlinePassed({ model: this.name }) : undefined;
  }

  /**
   * Runs a batch; if it fails, each of its requests on its own, so that none fails for another's values. `answered` is called when an
   * engine in a thread of its own is done with it: it may have the next one while these requests are answered.
   */
  async #execute(batch: readonly Waiting[], answered?: () => void): Promise<void> {
    const start = this.#options.clock.monotonic();
    try {
      const answer = this.#infer(batch);
      const shares = sharesOf(batch, answer instanceof Promise ? await answer : answer);
      this.#answered(batch, start);
      if (answer instanceof Promise) answered?.();
      for (const [i, { resolve }] of batch.entries()) resolve(shares[i] ?? []);
    } catch (thrown) {
      const [first] = batch;
      if (batch.length === 1 && first !== undefined) this.#reject(first, this.#engineFault(thrown));
      else for (const waiting of batch) await this.#execute([waiting]);
    }
  }

  #infer(batch: readonly Waiting[]): ReturnType<LoadedModel["infer"]> {
    const [first] = batch;
    const run = (inputs: readonly Tensor[]) => this.loaded.infer(inputs, first?.signature ?? "");
    const { isOnLoop, batching } = this.#options;
    const isLarge = first?.key !== undefined && first.rows > batching.maxBatchSize;
    if (isOnLoop !== true || !isLarge) return run(joined(batch.map(({ inputs }) => inputs)));
    const checkWanted = (): void => {
      const stale = this.#staleness(first);
      if (stale !== undefined) throw stale;
    };
    return this.#partwise({ inputs: first.inputs, rows: first.rows, run, checkWanted });
  }

  #answered(batch: readonly Waiting[], start: number): void {
    const rows = batch.reduce((sum, waiting) => sum + waiting.rows, 0);
    const engineMs = this.#options.clock.monotonic() - start;
    this.#record.answered(
      batch.map(({ admission }) => admission),
      start,
      rows,
    );
    this.#options.onBatch?.({ rows, requests: batch.length, engineMs });
  }

  #reject({ admission, reject }: Waiting, fault: Fault): void {
    this.#record.failed(admission);
    reject(fault);
  }

  #engineFault(thrown: unknown): Fault {
    if (thrown instanceof Fault) return thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return faults.EngineFailed({ model: this.name, reason }, thrown);
  }

  #settle(): void {
    if (this.#drained === undefined || this.#waiting.length > 0 || this.#running > 0) return;
    this.loaded.unload();
    this.#drained.resolve();
  }
}

/** The outputs of each request of a batch. Throws when they cannot be told apart. */
function sharesOf(batch: readonly Waiting[], outputs: readonly Tensor[]): readonly (readonly Tensor[])[] {
  const shares = divided(
    outputs,
    batch.map(({ rows }) => rows),
  );
  if (shares === undefined) throw new RangeError("an output does not have one row per row of the inputs");
  return shares;
}
