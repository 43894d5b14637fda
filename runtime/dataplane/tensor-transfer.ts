import type { Tensor, TensorOf } from "./tensor.ts";
import { type PackedStrings, packedStrings, unpackedStrings } from "./packed-strings.ts";

/** A tensor as it is posted to another thread: its data owns its whole ArrayBuffer, and its strings are packed. */
export type TransferredTensor =
  | Exclude<Tensor, TensorOf<"string">>
  | { readonly dtype: "string"; readonly shape: readonly number[]; readonly data: PackedStrings };

/**
 * Tensors for `postMessage` and the transfer list that goes with them. Nothing else is transferred, and nothing is
 * copied twice.
 */
export interface TensorTransfer {
  readonly tensors: readonly TransferredTensor[];
  readonly transferList: readonly ArrayBuffer[];
}

/**
 * Prepares tensors for another thread. Copies data that does not own its whole buffer: a view of a request body, a part
 * of a batch, memory of WebAssembly. `isOwned`: the caller gives up the tensors, so that data with a buffer of its own
 * is transferred without a copy.
 */
export function tensorTransfer(tensors: readonly Tensor[], isOwned: boolean): TensorTransfer {
  const buffers = new Set<ArrayBuffer>();
  const transferred = tensors.map((tensor): TransferredTensor => {
    if (tensor.dtype === "string") {
      const data = packedStrings(tensor.data);
      buffers.add(data.bytes.buffer).add(data.ends.buffer);
      return { dtype: "string", shape: tensor.shape, data };
    }
    const { data } = tensor;
    const isWhole = isOwned && data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
    const own = isWhole ? data : data.slice();
    if (own.buffer instanceof ArrayBuffer) buffers.add(own.buffer);
    return { ...tensor, data: own } as TransferredTensor; // the element type is unchanged
  });
  return { tensors: transferred, transferList: [...buffers] };
}

/** Restores a tensor on the receiving thread. */
export function receivedTensor(tensor: TransferredTensor): Tensor {
  return tensor.dtype === "string" ? { ...tensor, data: unpackedStrings(tensor.data) } : tensor;
}
