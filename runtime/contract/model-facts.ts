import type { InPlaceFacts } from "./in-place.ts";

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
/** State of a model in a runtime. */
export type ModelState = (typeof modelStates)[number];

/** A runtime's description of its model, at `/model` on the admin port; the operator copies it to `status.model`. */
export interface ModelFacts {
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  readonly format: string;
  /** Engine that runs the model, as `TensorFlowJs/wasm`. */
  readonly engine: string;
  /** Why the preferred engine or device is not used. */
  readonly note?: string;
  /** `sha256:…` of the model file. */
  readonly digest: string;
  readonly bytes: number;
  /** As `features: float32[-1,64] → output_0: float32[-1,10]`. */
  readonly signature: string;
  /** All signatures, the default one first; absent in facts of runtimes of an earlier release. */
  readonly signatures?: readonly SignatureFacts[];
  /** Only of a pod that may be updated in place; the other members describe the model that is served. */
  readonly inPlace?: InPlaceFacts;
}

/** One signature of a model. */
export interface SignatureFacts {
  readonly name: string;
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
}

/** One input or output. */
export interface TensorFacts {
  readonly name: string;
  readonly dtype: string;
  /** -1 stands for any size; absent when any shape is accepted. */
  readonly shape?: readonly number[];
  /** Requests may omit it. */
  readonly isOptional?: true;
}
