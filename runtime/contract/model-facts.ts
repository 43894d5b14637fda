/** What a ready runtime says about its model on the admin port's `/model`; the operator copies it to `status.model`. */
export interface ModelFacts {
  readonly name: string;
  readonly version: string;
  /** State of the life cycle: Fetching, Verifying, Loading, Warming, Ready, Draining, Unloaded, Failed. */
  readonly state: string;
  readonly format: string;
  /** Engine that runs the model, as `TensorFlowJs/wasm`. */
  readonly engine: string;
  /** `sha256:…` of the model file. */
  readonly digest: string;
  readonly bytes: number;
  /** As `keras_tensor: float32[-1,64] → dense_2: float32[-1,10]`. */
  readonly signature: string;
}
