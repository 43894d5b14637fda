import type { OnnxWeight } from "../onnx-graph.ts";

/** Transposes a row-major array: axis i of the result is axis `order[i]` of the array. */
export function transposed(data: Float32Array, shape: readonly number[], order: readonly number[]): OnnxWeight {
  const newShape = order.map((axis) => shape[axis] ?? 1);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const steps = order.map((axis) => strides[axis] ?? 1);
  const result = new Float32Array(data.length);
  const index = newShape.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from] ?? 0;
    for (let axis = newShape.length - 1; axis >= 0; axis--) {
      const step = steps[axis] ?? 1;
      const at = (index[axis] ?? 0) + 1;
      from += step;
      if (at < (newShape[axis] ?? 1)) {
        index[axis] = at;
        break;
      }
      from -= step * at;
      index[axis] = 0;
    }
  }
  return { shape: newShape, data: result };
}
