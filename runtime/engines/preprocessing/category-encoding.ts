import type { Encoding } from "../../model/formats/keras/preprocessing/preprocessing.ts";
import { oneHotRows } from "../../model/formats/keras/preprocessing/step-shape.ts";
import type { StepOutput } from "./preprocessing-step.ts";

/**
 * Encodes category indexes as `int`, `one_hot`, `multi_hot` or `count`; indexes out of range are dropped.
 * keras/src/utils/numerical_utils.py, `encode_categorical_inputs`.
 */
export function categoryEncoding(indexes: StepOutput, { mode, depth, weights }: Encoding): StepOutput {
  if (mode === "int") return indexes;
  const { numbers } = indexes;
  const { outer, perRow } = rowsOf(indexes, mode);
  const rows = outer.reduce((product, size) => product * size, 1);
  const result = new Float32Array(rows * depth);
  for (let i = 0; i < rows * perRow; i++) {
    const index = numbers[i] ?? -1;
    if (index < 0 || index >= depth) continue;
    const at = Math.floor(i / perRow) * depth + index;
    result[at] = mode === "count" ? (result[at] ?? 0) + 1 : 1;
  }
  const weighted = weights === undefined ? result : result.map((count, i) => count * (weights[i % depth] ?? 0));
  return { shape: [...outer, depth], numbers: weighted };
}

/** Shape in front of the category axis, and the number of indexes per row. */
function rowsOf(
  { shape }: StepOutput,
  mode: Encoding["mode"],
): { readonly outer: readonly number[]; readonly perRow: number } {
  const last = shape.at(-1) ?? 1;
  if (mode !== "one_hot") return { outer: shape.slice(0, -1), perRow: last };
  return { outer: oneHotRows(shape), perRow: 1 };
}
