import type { SerializedFault } from "../../base/threads/serialized-fault.ts";
import type { TransferredTensor } from "../../dataplane/tensor-transfer.ts";
import type { Signatures } from "../../dataplane/signature.ts";
import type { loadModel } from "../formats/load-model.ts";

/** What a thread is started with: the arguments of `loadModel`. */
export type ThreadOrder = Parameters<typeof loadModel>;

/** What a thread is asked: to run the model once, or to time it. */
export interface Call {
  readonly id: number;
  readonly inputs: readonly TransferredTensor[];
  readonly signature: string | undefined;
}

/** A thread that gets this ends itself, once it comes to read it. */
export const endOfThread = "end";

/** What a thread tells: once how its load ended, then one answer for each call. */
export type ThreadNews =
  | { readonly kind: "loaded"; readonly model: ModelFacts }
  | { readonly kind: "failed"; readonly fault: SerializedFault }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly outputs: readonly TransferredTensor[];
      readonly engineMs: number;
    }
  | { readonly kind: "refusal"; readonly id: number; readonly reason: string | SerializedFault };

/** What the other side of a loaded model says of itself. */
export interface ModelFacts {
  readonly format: string;
  readonly engine: string;
  readonly signatures: Signatures;
  readonly weightBytes: number;
  readonly note?: string;
  readonly isUninterruptible?: true;
}
