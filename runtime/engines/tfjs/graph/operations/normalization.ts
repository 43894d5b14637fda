import type * as Core from "@tensorflow/tfjs-core";
import {
  type Call,
  flagOf,
  numberOf,
  type Operation,
  type Operations,
  rankedAt,
  tensorAt,
  textOf,
} from "../operation-call.ts";

const fusedBatchNorm: Operation = (call) => {
  const { tf } = call;
  const isFirst = textOf(call, "data_format", "NHWC").startsWith("NC");
  const given = tensorAt(call, 0);
  const order = [...given.shape.keys()];
  const toLast = [0, ...order.slice(2), 1];
  const x = isFirst ? tf.transpose(given, toLast) : given;
  const { mean, variance } = statistics(call, x);
  const y = tf.batchNorm(x, mean, variance, tensorAt(call, 2), tensorAt(call, 1), numberOf(call, "epsilon", 1e-4));
  const back = [0, order.length - 1, ...order.slice(1, -1)];
  return [isFirst ? tf.transpose(y, back) : y, tf.clone(mean), tf.clone(variance)];
};

/** The stored statistics, or those of the batch: Keras 2 exports LayerNormalization as a batch norm in training mode. */
function statistics(call: Call, x: Core.Tensor): { mean: Core.Tensor1D; variance: Core.Tensor1D } {
  const isTraining = call.attributes.get("is_training") === undefined || flagOf(call, "is_training");
  if (!isTraining) return { mean: rankedAt(call, 3, 1), variance: rankedAt(call, 4, 1) };
  const { mean, variance } = call.tf.moments(x, [...x.shape.keys()].slice(0, -1));
  const flat = (moment: Core.Tensor): Core.Tensor1D => call.tf.reshape(moment, [-1]);
  return { mean: flat(mean), variance: flat(variance) };
}

/** Normalisation operations. */
export const normalization: Operations = {
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  LRN: (call) =>
    call.tf.localResponseNormalization(
      rankedAt(call, 0, 4),
      numberOf(call, "depth_radius", 5),
      numberOf(call, "bias", 1),
      numberOf(call, "alpha", 1),
      numberOf(call, "beta", 0.5),
    ),
};
