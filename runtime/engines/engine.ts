import type { Dtype, Tensor } from "../dataplane/tensor.ts";

/** One input or output of a model. */
export interface TensorSpec {
  /** Name on the wire, as the model file gives it. */
  readonly name: string;
  readonly dtype: Dtype;
  /** -1 stands for any size; the first dimension is the batch. `[]` when any shape will do. */
  readonly shape: readonly number[];
  /** The model takes any rank: TensorFlow's unknown rank. */
  readonly anyShape?: true;
}

/** What goes in and what comes out. Inputs and outputs have the order of the model file. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

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
  readonly signature: Signature;
  /** Memory of the weights. */
  readonly weightBytes: number;
  /**
   * Runs the model once over the whole batch. `inputs` match `signature.inputs` in order, type and shape (validated before);
   * the outputs match `signature.outputs`. Throws a Fault when the engine fails. Engines whose call is short answer at once,
   * without a promise.
   */
  infer(inputs: readonly Tensor[]): readonly Tensor[] | Promise<readonly Tensor[]>;
  /** Frees the memory; idempotent. Later calls of `infer` throw. */
  unload(): void;
}

/** A way to run models. `Definition` is what a format's reader makes of a model file. */
export interface Engine<Definition> {
  describe(): EngineDescription;
  /** Throws a Fault that names what it cannot run. */
  load(definition: Definition): Promise<LoadedModel>;
}
