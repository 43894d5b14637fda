import type { Signature, TensorSpec } from "../../dataplane/signature.ts";
import { type Tensor, tensorArrays } from "../../dataplane/tensor.ts";

/**
 * Outputs for a batch without rows, which is not run: some operators of ONNX Runtime divide by the number of rows and
 * crash the process. Throws a RangeError for other inputs without elements, and if an output does not have one row per
 * row.
 */
export function emptyBatchOutputs({ inputs, outputs }: Signature, tensors: readonly Tensor[]): readonly Tensor[] {
  const isRows = tensors.every(({ shape: [rows, ...rest] }, i) => {
    return inputs[i]?.shape[0] === -1 && rows === 0 && !rest.includes(0);
  });
  const isDivisible = outputs.every(({ shape: [rows, ...rest] }) => rows === -1 && !rest.includes(-1));
  if (!isRows || !isDivisible) throw new RangeError("an input has no elements, which this model does not take");
  return outputs.map(emptyOutput);
}

function emptyOutput({ dtype, shape }: TensorSpec): Tensor {
  const sizes = [0, ...shape.slice(1)];
  if (dtype === "string") return { dtype, shape: sizes, data: [] };
  return { dtype, shape: sizes, data: new tensorArrays[dtype](0) } as Tensor; // the array type of this dtype
}
