import type * as Core from "@tensorflow/tfjs-core";
import { type Operation, tensorsAt, textOf } from "../../operation-call.ts";

interface Operand {
  readonly tensor: Core.Tensor;
  /** One label per dimension. */
  readonly labels: string;
}

/** Labels for the dimensions of `...`; equations use letters of the alphabet. */
const ellipsisLabels = "\u0100\u0101\u0102\u0103\u0104\u0105\u0106\u0107";

/** Einsum of one or two operands, as transpositions around one matrix product: the wasm backend has no kernel for it. */
export const einsum: Operation = (call) => {
  const { tf } = call;
  const tensors = tensorsAt(call);
  const [left = "", right = ""] = textOf(call, "equation", "").replaceAll(" ", "").split("->");
  const subscripts = left.split(",");
  if (subscripts.length !== tensors.length || tensors.length > 2)
    throw new RangeError(`Einsum: the equation "${left}" does not fit`);
  const ranks = tensors.map((tensor, i) => tensor.rank - (subscripts[i] ?? "").replace("...", "").length);
  const wide = Math.max(0, ...ranks);
  const operands = tensors.map((tensor, i) => ({
    tensor,
    labels: (subscripts[i] ?? "").replace("...", ellipsisLabels.slice(wide - (ranks[i] ?? 0), wide)),
  }));
  const wanted = right.replace("...", ellipsisLabels.slice(0, wide));
  for (const { tensor, labels } of operands) checkLabels(tensor, labels);
  const [a, b] = operands;
  if (a === undefined) throw new RangeError("Einsum: it has no operand");
  const product = b === undefined ? summed(tf, a, wanted) : contracted(tf, a, b, wanted);
  return transposed(tf, product, wanted).tensor;
};

function checkLabels({ rank }: Core.Tensor, labels: string): void {
  if (labels.length !== rank || new Set(labels).size !== rank) {
    throw new RangeError(`Einsum: a value of rank ${rank} has the labels "${labels}"`);
  }
}

/** Sums over dimensions that are not wanted. */
function summed(tf: typeof Core, { tensor, labels }: Operand, wanted: string): Operand {
  const axes = Array.from(labels).flatMap((label, axis) => (wanted.includes(label) ? [] : [axis]));
  if (axes.length === 0) return { tensor, labels };
  return {
    tensor: tf.sum(tensor, axes),
    labels: Array.from(labels)
      .filter((label) => wanted.includes(label))
      .join(""),
  };
}

function transposed(tf: typeof Core, { tensor, labels }: Operand, wanted: string): Operand {
  if (labels === wanted) return { tensor, labels };
  return {
    tensor: tf.transpose(
      tensor,
      Array.from(wanted).map((label) => labels.indexOf(label)),
    ),
    labels: wanted,
  };
}

function contracted(tf: typeof Core, first: Operand, second: Operand, wanted: string): Operand {
  const a = summed(tf, first, wanted + second.labels);
  const b = summed(tf, second, wanted + first.labels);
  const both = Array.from(a.labels).filter((label) => b.labels.includes(label));
  const batch = both.filter((label) => wanted.includes(label)).join("");
  const inner = both.filter((label) => !wanted.includes(label)).join("");
  const outerA = Array.from(a.labels)
    .filter((label) => !b.labels.includes(label))
    .join("");
  const outerB = Array.from(b.labels)
    .filter((label) => !a.labels.includes(label))
    .join("");
  const x = transposed(tf, a, batch + outerA + inner).tensor;
  const y = transposed(tf, b, batch + inner + outerB).tensor;
  const size = (shape: readonly number[], start: number, count: number): number =>
    shape.slice(start, start + count).reduce((product, n) => product * n, 1);
  const batchShape = x.shape.slice(0, batch.length);
  const rows = size(x.shape, batch.length, outerA.length);
  const columns = size(y.shape, batch.length + inner.length, outerB.length);
  const terms = size(x.shape, batch.length + outerA.length, inner.length);
  const depth = size(batchShape, 0, batch.length);
  const product = tf.matMul(tf.reshape(x, [depth, rows, terms]), tf.reshape(y, [depth, terms, columns]));
  const shape = [
    ...batchShape,
    ...x.shape.slice(batch.length, batch.length + outerA.length),
    ...y.shape.slice(batch.length + inner.length),
  ];
  return { tensor: tf.reshape(product, shape), labels: batch + outerA + outerB };
}
