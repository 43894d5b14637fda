import type { Signature, TensorSpec } from "../../dataplane/signature.ts";
import { type Tensor, tensorArrays } from "../../dataplane/tensor.ts";

/**
 * What a model says to a batch without rows: ONNX Runtime divides by their number in some operators, which ends the process.
 * Throws a RangeError for other inputs without elements, and where an output is not one row for each row.
 */
export function emptyAnswer({ inputs, outputs }: Signature, tensors: readonly Tensor[]): readonly Tensor[] {
  const isRows = tensors.every(({ shape: [rows, ...rest] }, i) => {
    return inputs[i]?.shape[0] === -1 && rows === 0 && !rest.includes(0);
  });
  const isDivisible = outputs.every(({ shape: [rows, ...rest] }) => rows === -1 && !rest.includes(-1));
  if (!isRows || !isDivisible) throw new RangeError("an input has no elements, which this model does not take");
  return outputs.map(withoutRows);
}

function withoutRows({ dtype, shape }: TensorSpec): Tensor {
  const sizes = [0, ...shape.slice(1)];
  if (dtype === "string") return { dtype, shape: sizes, data: [] };
  return { dtype, shape: sizes, data: new tensorArrays[dtype](0) } as Tensor; // the array of this dtype
}
