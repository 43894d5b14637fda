import type * as Core from "@tensorflow/tfjs-core";
import {
  type Call,
  flagOf,
  integersAt,
  type Operation,
  type Operations,
  rankedAt,
  tensorAt,
} from "../operation-call.ts";
import { boundedShape, integerAt } from "../operation-call.ts";

function reduction(apply: (tf: typeof Core, x: Core.Tensor, axes: number[], keeps: boolean) => Core.Tensor): Operation {
  return (call) => {
    const x = tensorAt(call, 0);
    const axes = [...integersAt(call, 1)];
    return apply(call.tf, x, axes, flagOf(call, "keep_dims"));
  };
}

/** Reductions along axes. Without axes the value is unchanged. */
export const reductions: Operations = {
  All: reduction((tf, x, axes, keeps) => (axes.length === 0 ? x : tf.all(x, axes, keeps))),
  Any: reduction((tf, x, axes, keeps) => (axes.length === 0 ? x : tf.any(x, axes, keeps))),
  EuclideanNorm: reduction((tf, x, axes, keeps) =>
    axes.length === 0 ? tf.abs(x) : tf.sqrt(tf.sum(tf.square(x), axes, keeps)),
  ),
  Max: reduction((tf, x, axes, keeps) => (axes.length === 0 ? x : tf.max(x, axes, keeps))),
  Mean: reduction((tf, x, axes, keeps) => (axes.length === 0 ? x : tf.mean(x, axes, keeps))),
  Min: reduction((tf, x, axes, keeps) => (axes.length === 0 ? x : tf.min(x, axes, keeps))),
  Prod: reduction((tf, x, axes, keeps) => (axes.length === 0 ? x : tf.prod(x, axes, keeps))),
  Sum: reduction((tf, x, axes, keeps) => (axes.length === 0 ? x : tf.sum(x, axes, keeps))),
  L2Loss: (call) => call.tf.div(call.tf.sum(call.tf.square(tensorAt(call, 0))), 2),
  UnsortedSegmentSum: (call) =>
    call.tf.unsortedSegmentSum(tensorAt(call, 0), rankedAt(call, 1, 1), bounded(call, integerAt(call, 2))),
};

function bounded(call: Call, count: number): number {
  boundedShape(call, [count, ...tensorAt(call, 0).shape.slice(1)]);
  return count;
}
