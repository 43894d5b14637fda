import type { Signature, Signatures, TensorSpec } from "../dataplane/signature.ts";
import { type Tensor, elementCount, tensorArrays } from "../dataplane/tensor.ts";

/** A made-up run of each signature that one can be made up for: texts hold examples and the like, which a model may refuse. */
export function warmUpRuns(signatures: Signatures): readonly (readonly [name: string, inputs: readonly Tensor[]])[] {
  const plain = [...signatures].filter(([, { inputs }]) => inputs.every(({ dtype }) => dtype !== "string"));
  return plain.map(([name, signature]) => [name, warmUpInputs(signature)]);
}

/** One row of zeros for every input: what the first inference runs on before a model is ready. Free sizes become 1. */
export function warmUpInputs({ inputs }: Signature): readonly Tensor[] {
  return inputs.map(zeros);
}

function zeros({ dtype, shape: sizes }: TensorSpec): Tensor {
  const shape = sizes.map((size) => (size === -1 ? 1 : size));
  const count = elementCount(shape);
  if (dtype === "string") return { dtype, shape, data: Array.from({ length: count }, () => new Uint8Array(0)) };
  const data = new tensorArrays[dtype](dtype.startsWith("complex") ? count * 2 : count);
  return { dtype, shape, data } as Tensor; // `data` is the array that `tensorArrays` has for `dtype`
}
