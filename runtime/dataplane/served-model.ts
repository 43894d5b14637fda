import type { Clock } from "../base/clock.ts";
import type { LoadedModel } from "../engines/engine.ts";
import type { InferTarget } from "./infer.ts";

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
  /** Requests that wait; those that run. */
  readonly queued: number;
  readonly running: number;
  /** Refuses new requests with `Draining`, resolves when all accepted ones are answered, then unloads. */
  drain(): Promise<void>;
}

export interface ServeOptions {
  readonly name: string;
  readonly version: number;
  readonly batching: BatchingLimits;
  readonly clock: Clock;
  /** Called after each batch that ran, with its rows and its engine time. */
  readonly onBatch?: (batch: { readonly rows: number; readonly requests: number; readonly engineMs: number }) => void;
}

/** Puts a loaded model behind a bounded queue with greedy batching. */
export declare function serveModel(loaded: LoadedModel, options: ServeOptions): ServedModel;
