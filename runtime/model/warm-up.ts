import { isBatchable } from "../dataplane/batch.ts";
import type { Signature, Signatures, TensorSpec } from "../dataplane/signature.ts";
import { type Tensor, elementCount, tensorArrays } from "../dataplane/tensor.ts";

/** A made-up run of each signature that one can be made up for: texts hold examples and the like, which a model may refuse. */
export function warmUpRuns(signatures: Signatures): readonly WarmUpRun[] {
  const plain = [...signatures].filter(([, { inputs }]) => inputs.every(({ dtype }) => dtype !== "string"));
  return plain.map(([name, signature]) => [name, warmUpInputs(signature)]);
}

/** The name of a signature and inputs for it. */
export type WarmUpRun = readonly [name: string, inputs: readonly Tensor[]];

/** The same with 2, 4, 8, … rows up to the largest batch, of the signatures whose requests run together. */
export function batchWarmUpRuns(signatures: Signatures, maxBatchSize: number): readonly WarmUpRun[] {
  const batchable = [...signatures].filter(
    ([, signature]) => isBatchable(signature) && signature.inputs.every(({ dtype }) => dtype !== "string"),
  );
  const sizes = Array.from({ length: Math.floor(Math.log2(Math.max(1, maxBatchSize))) }, (_, i) => 2 ** (i + 1));
  const largest = sizes.at(-1) === maxBatchSize || maxBatchSize < 2 ? [] : [maxBatchSize];
  return [...sizes, ...largest].flatMap((rows) =>
    batchable.map(([name, { inputs }]) => [name, inputs.map((spec) => zeros(spec, rows))] as const),
  );
}

/** One row of zeros for every input: what the first inference runs on before a model is ready. Free sizes become 1. */
export function warmUpInputs({ inputs }: Signature): readonly Tensor[] {
  return inputs.map((spec) => zeros(spec, 1));
}

function zeros({ dtype, shape: sizes }: TensorSpec, rows: number): Tensor {
  const shape = sizes.map((size, axis) => (size === -1 ? (axis === 0 ? rows : 1) : size));
  const count = elementCount(shape);
  if (dtype === "string") return { dtype, shape, data: Array.from({ length: count }, () => new Uint8Array(0)) };
  const data = new tensorArrays[dtype](dtype.startsWith("complex") ? count * 2 : count);
  return { dtype, shape, data } as Tensor; // `data` is the array that `tensorArrays` has for `dtype`
}
