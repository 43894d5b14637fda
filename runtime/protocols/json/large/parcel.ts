import { type TransferredTensor, receivedTensor, tensorTransfer } from "../../../dataplane/tensor-transfer.ts";
import type { NamedTensor } from "../../../dataplane/tensor.ts";

/** What goes to the thread of large bodies, and what comes back. */
export interface Parcel {
  /** Values that can be cloned. */
  readonly content: object;
  /** Memory of them that moves instead. */
  readonly memory?: readonly ArrayBuffer[];
  readonly tensors?: readonly NamedTensor[];
}

/** A parcel on its way. */
export interface SentParcel {
  readonly content: object;
  readonly tensors?: readonly SentTensor[];
}

interface SentTensor extends Omit<NamedTensor, "tensor"> {
  readonly tensor: TransferredTensor;
}

/** A parcel ready to be sent, and the memory that moves with it. `isOwned`: as for `tensorTransfer`. */
export function sentParcel(
  { content, memory = [], tensors: named }: Parcel,
  isOwned: boolean,
): readonly [SentParcel, readonly ArrayBuffer[]] {
  if (named === undefined) return [{ content }, memory];
  const moved = tensorTransfer(
    named.map(({ tensor }) => tensor),
    isOwned,
  );
  const tensors = moved.tensors.map((tensor, i) => ({ ...named[i], tensor }) as SentTensor); // one for each
  return [{ content, tensors }, [...memory, ...moved.transferList]];
}

/** The parcel as it was sent. */
export function openedParcel({ content, tensors }: SentParcel): Parcel {
  if (tensors === undefined) return { content };
  return { content, tensors: tensors.map((named) => ({ ...named, tensor: receivedTensor(named.tensor) })) };
}
