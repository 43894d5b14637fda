import type { Signature } from "../../../dataplane/signature.ts";

/** A SavedModel as it lies on disk, for TensorFlow itself: nothing of it is in memory but what can be called. */
export interface SavedModelOnDisk {
  readonly kind: "saved-model";
  readonly format: "saved-model";
  /** Folder of saved_model.pb. */
  readonly path: string;
  readonly calls: ReadonlyMap<string, SavedModelCall>;
  /** Names of all operations that TensorFlow runs when it loads or calls the model. */
  readonly operations: readonly string[];
  /** A variable that TensorFlow's loader does not fill, so that no call would come to an end; absent: it fills them all. */
  readonly unfilledVariable?: string;
  /** Size of the variables on disk. */
  readonly weightBytes: number;
}

/** One signature and the graph tensors that stand for its inputs and outputs, as `serving_default_x:0`, in its order. */
export interface SavedModelCall {
  readonly signature: Signature;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}
