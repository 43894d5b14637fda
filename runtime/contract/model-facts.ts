/** States of a model's life cycle, in their order; `Failed` may follow any but `Unloaded`. */
export const modelStates = [
  "Fetching",
  "Verifying",
  "Loading",
  "Warming",
  "Ready",
  "Draining",
  "Unloaded",
  "Failed",
] as const;
/** What a runtime says of a model that it was given. */
export type ModelState = (typeof modelStates)[number];

/** What a ready runtime says about its model on the admin port's `/model`; the operator copies it to `status.model`. */
export interface ModelFacts {
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  readonly format: string;
  /** Engine that runs the model, as `TensorFlowJs/wasm`. */
  readonly engine: string;
  /** Why it is not the engine or the device that would be first choice. */
  readonly note?: string;
  /** `sha256:…` of the model file. */
  readonly digest: string;
  readonly bytes: number;
  /** As `features: float32[-1,64] → output_0: float32[-1,10]`. */
  readonly signature: string;
  /** All ways to call it, the one that is meant when none is named first; absent in answers of runtimes before this was told. */
  readonly signatures?: readonly SignatureFacts[];
}

/** One way to call a model. */
export interface SignatureFacts {
  readonly name: string;
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
}

/** One input or output. */
export interface TensorFacts {
  readonly name: string;
  readonly dtype: string;
  /** -1 stands for any size; absent when any shape will do. */
  readonly shape?: readonly number[];
  /** A request may leave it out. */
  readonly isOptional?: true;
}
