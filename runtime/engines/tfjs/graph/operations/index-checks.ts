import type * as Core from "@tensorflow/tfjs-core";
import { tensorFlowJsFaults as faults } from "../../faults.ts";
import type { Call } from "../operation-call.ts";

/** Checks indices against a limit and casts them to int32: the kernels read and write out of bounds. Throws `ValuesRefused`. */
export function checkedIndices({ tf, op }: Call, given: Core.Tensor, limit: number): Core.Tensor {
  const indices = tf.cast(given, "int32");
  for (const index of indices.dataSync()) checkIndex(op, index, limit);
  return indices;
}

/** Checks coordinates, listed along the last axis, against a shape. Throws `ValuesRefused`. */
export function checkedCoordinates({ tf, op }: Call, given: Core.Tensor, shape: readonly number[]): Core.Tensor {
  const indices = tf.cast(given, "int32");
  const depth = shape.length === 1 ? 1 : (indices.shape.at(-1) ?? 1);
  if (depth > shape.length) throw new RangeError(`${op}: ${depth} coordinates for ${shape.length} dimensions`);
  indices.dataSync().forEach((index: number, i: number) => checkIndex(op, index, shape[i % depth] ?? 0));
  return indices;
}

function checkIndex(op: string, index: number, limit: number): void {
  if (index >= 0 && index < limit) return;
  throw faults.ValuesRefused({ reason: `${op}: index ${index} is not in [0, ${limit - 1}]` });
}
