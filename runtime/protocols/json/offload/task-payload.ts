import { type TransferredTensor, receivedTensor, tensorTransfer } from "../../../dataplane/tensor-transfer.ts";
import type { NamedTensor } from "../../../dataplane/tensor.ts";

/** Arguments or result of a task of the body thread. */
export interface TaskPayload {
  /** Values that can be cloned. */
  readonly content: object;
  /** Buffers in `content` to transfer instead of cloning. */
  readonly transferList?: readonly ArrayBuffer[];
  readonly tensors?: readonly NamedTensor[];
}

/** A payload as it is posted between threads. */
export interface PostedPayload {
  readonly content: object;
  readonly tensors?: readonly PostedTensor[];
}

interface PostedTensor extends Omit<NamedTensor, "tensor"> {
  readonly tensor: TransferredTensor;
}

/** A payload ready for `postMessage`, and its transfer list. `isOwned`: as for `tensorTransfer`. */
export function postedPayload(
  { content, transferList = [], tensors: named }: TaskPayload,
  isOwned: boolean,
): readonly [PostedPayload, readonly ArrayBuffer[]] {
  if (named === undefined) return [{ content }, transferList];
  const moved = tensorTransfer(
    named.map(({ tensor }) => tensor),
    isOwned,
  );
  const tensors = moved.tensors.map((tensor, i) => ({ ...named[i], tensor }) as PostedTensor); // one for each
  return [{ content, tensors }, [...transferList, ...moved.transferList]];
}

/** Restores a payload in the receiving thread. */
export function receivedPayload({ content, tensors }: PostedPayload): TaskPayload {
  if (tensors === undefined) return { content };
  return { content, tensors: tensors.map((named) => ({ ...named, tensor: receivedTensor(named.tensor) })) };
}
