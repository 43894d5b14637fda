import type { Signature } from "../../../dataplane/signature.ts";

/** A SavedModel that TensorFlow loads from disk itself; only its signatures are read here. */
export interface SavedModelOnDisk {
  readonly kind: "saved-model";
  readonly format: "saved-model";
  /** The folder of saved_model.pb. */
  readonly path: string;
  /** By name of the signature. */
  readonly calls: ReadonlyMap<string, SavedModelSignature>;
  /** Names of all operations that TensorFlow can run when it loads or calls the model. */
  readonly operations: readonly string[];
  /** A variable that TensorFlow's loader does not initialise, so that no call would complete; absent: it initialises all of them. */
  readonly uninitialisedVariable?: string;
  /** Size of the variables on disk. */
  readonly weightBytes: number;
}

/** A signature and the graph tensors of its inputs and outputs, such as `serving_default_x:0`, in the same order. */
export interface SavedModelSignature {
  readonly signature: Signature;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}
