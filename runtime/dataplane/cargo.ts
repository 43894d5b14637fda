import type { Tensor, TensorOf } from "./tensor.ts";
import { type PackedTexts, packedTexts, unpackedTexts } from "./packed-texts.ts";

/** A tensor that moves to another thread: it owns its memory wholly, and its texts are packed. */
export type MovedTensor =
  | Exclude<Tensor, TensorOf<"string">>
  | { readonly dtype: "string"; readonly shape: readonly number[]; readonly data: PackedTexts };

/** Tensors ready to move, and the memory that moves with them: nothing else goes along, and nothing is copied twice. */
export interface Cargo {
  readonly tensors: readonly MovedTensor[];
  readonly memory: readonly ArrayBuffer[];
}

/**
 * Copies what only borrows its memory: a view of a request body, a part of a batch, memory of WebAssembly. `isOwned`: nobody needs
 * what is not borrowed any more, and it moves as it is.
 */
export function cargo(tensors: readonly Tensor[], isOwned: boolean): Cargo {
  const memory = new Set<ArrayBuffer>();
  const moved = tensors.map((tensor): MovedTensor => {
    if (tensor.dtype === "string") {
      const data = packedTexts(tensor.data);
      memory.add(data.bytes.buffer).add(data.ends.buffer);
      return { dtype: "string", shape: tensor.shape, data };
    }
    const { data } = tensor;
    const isWhole = isOwned && data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
    const own = isWhole ? data : data.slice();
    if (own.buffer instanceof ArrayBuffer) memory.add(own.buffer);
    return { ...tensor, data: own } as MovedTensor; // the same element type as before
  });
  return { tensors: moved, memory: [...memory] };
}

/** The tensor that has moved here. */
export function arrived(moved: MovedTensor): Tensor {
  return moved.dtype === "string" ? { ...moved, data: unpackedTexts(moved.data) } : moved;
}
