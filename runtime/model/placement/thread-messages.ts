import type { FaultLevel, FaultRecord, Retry } from "../../base/fault.ts";
import type { Signatures } from "../../dataplane/signature.ts";
import type { Tensor } from "../../dataplane/tensor.ts";
import type { loadModel } from "../formats/load-model.ts";

/** What a thread is started with: the arguments of `loadModel`. */
export type ThreadOrder = Parameters<typeof loadModel>;

/** What a thread is asked: to run the model once, or to time it. */
export interface Call {
  readonly id: number;
  readonly inputs: readonly Tensor[];
  readonly signature: string | undefined;
}

/** A thread that gets this ends itself, once it comes to read it. */
export const endOfThread = "end";

/** A fault as it travels between threads. */
export interface SentFault extends FaultRecord {
  readonly retry: Retry;
  readonly level: FaultLevel;
}

/** What a thread tells: once how its load ended, then one answer for each call. */
export type ThreadNews =
  | { readonly kind: "loaded"; readonly model: ModelFacts }
  | { readonly kind: "failed"; readonly fault: SentFault }
  | { readonly kind: "answer"; readonly id: number; readonly outputs: readonly Tensor[]; readonly engineMs: number }
  | { readonly kind: "refusal"; readonly id: number; readonly reason: string | SentFault };

/** What the other side of a loaded model says of itself. */
export interface ModelFacts {
  readonly format: string;
  readonly engine: string;
  readonly signatures: Signatures;
  readonly weightBytes: number;
  readonly note?: string;
  readonly isUninterruptible?: true;
}

/** Tensors ready to move: each owns its memory wholly, so that moving takes nothing else along and copies nothing twice. */
export interface Cargo {
  readonly tensors: readonly Tensor[];
  readonly memory: readonly ArrayBuffer[];
}

/** Copies what only borrows its memory: a view of a request body, a part of a batch, memory of WebAssembly. */
export function movable(tensors: readonly Tensor[], isOwned: boolean): Cargo {
  const memory: ArrayBuffer[] = [];
  const moved = tensors.map((tensor) => {
    if (tensor.dtype === "string") return { ...tensor, data: tensor.data.map((bytes) => Uint8Array.from(bytes)) };
    const { data } = tensor;
    const isWhole = isOwned && data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
    const own = isWhole ? data : data.slice();
    if (own.buffer instanceof ArrayBuffer) memory.push(own.buffer);
    return { ...tensor, data: own } as Tensor; // the same element type as before
  });
  return { tensors: moved, memory };
}
