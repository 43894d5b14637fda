import type * as Core from "@tensorflow/tfjs-core";
import { type Call, flagOf, type Operation, type Operations, rankedAt, tensorAt } from "../../call.ts";
import { fusedTail } from "./fused-tail.ts";
import { einsum } from "./einsum.ts";

const batchMatMul: Operation = (call) => product(call, flagOf(call, "adj_x"), flagOf(call, "adj_y"));

/** Products of matrices. */
export const matrix: Operations = {
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  BatchMatMulV3: batchMatMul,
  Einsum: einsum,
  MatMul: (call) => product(call, flagOf(call, "transpose_a"), flagOf(call, "transpose_b")),
  MatrixBandPart: (call) => call.tf.linalg.bandPart(tensorAt(call, 0), scalar(call, 1), scalar(call, 2)),
  _FusedMatMul: (call) =>
    call.tf.fused.matMul({
      a: rankedAt(call, 0, 2),
      b: rankedAt(call, 1, 2),
      transposeA: flagOf(call, "transpose_a"),
      transposeB: flagOf(call, "transpose_b"),
      ...fusedTail(call),
    }),
};

function product({ tf, ...call }: Call, transposeA: boolean, transposeB: boolean): Core.Tensor {
  return tf.matMul(tensorAt({ tf, ...call }, 0), tensorAt({ tf, ...call }, 1), transposeA, transposeB);
}

function scalar(call: Call, position: number): Core.Scalar {
  return call.tf.reshape(tensorAt(call, position), []);
}
