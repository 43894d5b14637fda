import type * as Core from "@tensorflow/tfjs-core";
import {
  boundedShape,
  type Call,
  flagOf,
  integerAt,
  integersAt,
  numberOf,
  type Operations,
  rankedAt,
  tensorAt,
  textOf,
} from "../operation-call.ts";
import { checkedIndices } from "./index-checks.ts";

/** Image resizing, cropping and non-maximum suppression. */
export const images: Operations = {
  ResizeBilinear: (call) => {
    const [height, width] = outputSize(call);
    const [aligned, half] = [flagOf(call, "align_corners"), flagOf(call, "half_pixel_centers")];
    return call.tf.image.resizeBilinear(rankedAt(call, 0, 4), [height, width], aligned, half);
  },
  ResizeNearestNeighbor: (call) => {
    const [height, width] = outputSize(call);
    const [aligned, half] = [flagOf(call, "align_corners"), flagOf(call, "half_pixel_centers")];
    return call.tf.image.resizeNearestNeighbor(rankedAt(call, 0, 4), [height, width], aligned, half);
  },
  CropAndResize: (call) => {
    const [height = 1, width = 1] = integersAt(call, 3);
    const boxes = rankedAt(call, 1, 2);
    boundedShape(call, [boxes.shape[0], height, width, tensorAt(call, 0).shape[3] ?? 1]);
    const method = textOf(call, "method", "bilinear") === "nearest" ? "nearest" : "bilinear";
    const [images = 0] = tensorAt(call, 0).shape;
    const indices: Core.Tensor1D = call.tf.reshape(checkedIndices(call, tensorAt(call, 2), images), [-1]);
    const outside = numberOf(call, "extrapolation_value", 0);
    return call.tf.image.cropAndResize(rankedAt(call, 0, 4), boxes, indices, [height, width], method, outside);
  },
  NonMaxSuppressionV3: (call) => nonMaxSuppression(call),
};

function outputSize(call: Call): readonly [number, number] {
  const [height = 1, width = 1] = integersAt(call, 1);
  const [batch = 1, , , channels = 1] = tensorAt(call, 0).shape;
  boundedShape(call, [batch, height, width, channels]);
  return [height, width];
}

function nonMaxSuppression(call: Call): Core.Tensor {
  const [overlap = 0.5] = tensorAt(call, 3).dataSync();
  const [score = Number.NEGATIVE_INFINITY] = tensorAt(call, 4).dataSync();
  const [boxes, scores] = [rankedAt(call, 0, 2), rankedAt(call, 1, 1)];
  return call.tf.image.nonMaxSuppression(boxes, scores, integerAt(call, 2), overlap, score);
}
