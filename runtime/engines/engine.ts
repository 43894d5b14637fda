import type { Signatures } from "../dataplane/signature.ts";
import type { Tensor } from "../dataplane/tensor.ts";

/** What an engine can say of itself before it loads anything. */
export interface EngineDescription {
  /** As in `spec.serving.engine`: `TensorFlowJs`. */
  readonly name: string;
  /** Kinds of definitions that it can load. */
  readonly accepts: readonly string[];
}

/** A model in memory, ready to answer. A holder of memory: `unload` frees it. */
export interface LoadedModel {
  /** Engine and device, as `TensorFlowJs/wasm`. */
  readonly engine: string;
  /** Why it is not the engine or the device that would be first choice. */
  readonly note?: string;
  /** A call runs to its end whatever happens: a thread that is terminated meanwhile takes the process along. */
  readonly isUninterruptible?: true;
  /** At least one. */
  readonly signatures: Signatures;
  /** Memory of the weights. */
  readonly weightBytes: number;
  /**
   * Runs the model once over the whole batch. `inputs` match the inputs of the named signature in order, type and shape
   * (validated before; no name: the default one); the outputs match its outputs. Throws a Fault when the engine fails. Engines whose call is short answer at once,
   * without a promise.
   */
  infer(inputs: readonly Tensor[], signature?: string): readonly Tensor[] | Promise<readonly Tensor[]>;
  /** Frees the memory; idempotent. Later calls of `infer` throw. */
  unload(): void;
}

/** A way to run models. `Definition` is what a format's reader makes of a model file. */
export interface Engine<Definition> {
  describe(): EngineDescription;
  /** Throws a Fault that names what it cannot run. */
  load(definition: Definition): Promise<LoadedModel>;
}
