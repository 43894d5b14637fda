import type * as Core from "@tensorflow/tfjs-core";
import {
  boundedShape,
  computedDtype,
  integerAt,
  integersAt,
  numberOf,
  type Operations,
  rankedAt,
  tensorAt,
} from "../operation-call.ts";
import { checkedCoordinates } from "./index-checks.ts";

/** Operations that create tensors from few numbers: sizes are checked before memory is allocated. */
export const creation: Operations = {
  Fill: (call) => {
    const value = tensorAt(call, 1);
    const shape = boundedShape(call, integersAt(call, 0));
    return call.tf.fill(shape, scalar(value), value.dtype);
  },
  LinSpace: (call) => {
    const [count = 0] = boundedShape(call, [integerAt(call, 2)]);
    return call.tf.linspace(scalar(tensorAt(call, 0)), scalar(tensorAt(call, 1)), count);
  },
  OneHot: (call) => {
    const indices = tensorAt(call, 0);
    const depth = integerAt(call, 1);
    boundedShape(call, [...indices.shape, depth]);
    const dtype = computedDtype(String(call.attributes.get("T") ?? "float32"));
    const [on, off] = [scalar(tensorAt(call, 2)), scalar(tensorAt(call, 3))];
    const oneHot = call.tf.cast(call.tf.oneHot(call.tf.cast(indices, "int32"), depth, on, off), dtype);
    const axis = numberOf(call, "axis", -1);
    return axis === -1 || axis === indices.rank ? oneHot : call.tf.transpose(oneHot, lastAxisTo(oneHot.rank, axis));
  },
  Range: (call) => {
    const [start, stop, step] = [0, 1, 2].map((position) => scalar(tensorAt(call, position)));
    if (start === undefined || stop === undefined || step === undefined || step === 0)
      throw new RangeError("Range: the step is 0");
    boundedShape(call, [Math.max(0, Math.ceil((stop - start) / step))]);
    const { dtype } = tensorAt(call, 0);
    return call.tf.range(start, stop, step, dtype === "int32" ? "int32" : "float32");
  },
  ScatterNd: (call) => {
    const shape = boundedShape(call, integersAt(call, 2));
    return call.tf.scatterND(checkedCoordinates(call, tensorAt(call, 0), shape), tensorAt(call, 1), shape);
  },
  TensorScatterUpdate: (call) => {
    const x = tensorAt(call, 0);
    return call.tf.tensorScatterUpdate(x, checkedCoordinates(call, tensorAt(call, 1), x.shape), tensorAt(call, 2));
  },
  SparseToDense: (call) => {
    const shape = boundedShape(call, integersAt(call, 1));
    const fallback = call.tf.scalar(scalar(tensorAt(call, 3)), tensorAt(call, 2).dtype);
    return call.tf.sparseToDense(
      checkedCoordinates(call, tensorAt(call, 0), shape),
      tensorAt(call, 2),
      shape,
      fallback,
    );
  },
  DenseBincount: (call) => {
    const size = integerAt(call, 1);
    const { rank } = tensorAt(call, 0);
    const values = rank === 2 ? rankedAt(call, 0, 2) : rankedAt(call, 0, 1);
    const hasWeights = tensorAt(call, 2).size > 0;
    boundedShape(call, rank === 2 ? [values.shape[0], size] : [size]);
    return call.tf.denseBincount(
      values,
      hasWeights && rank === 2 ? rankedAt(call, 2, 2) : rankedAt(call, 2, 1),
      size,
      call.attributes.get("binary_output") === true,
    );
  },
};

function scalar(tensor: Core.Tensor): number {
  const [value] = tensor.dataSync();
  if (value === undefined) throw new RangeError("a value is empty");
  return value;
}

/** The permutation that moves the last dimension to `axis`. */
function lastAxisTo(rank: number, axis: number): number[] {
  const order = Array.from({ length: rank - 1 }, (_, i) => i);
  order.splice(axis, 0, rank - 1);
  return order;
}
