import type { Tensor } from "../../../dataplane/tensor.ts";
import { float32Text, float64Text } from "../../json/number-text.ts";

/** A tensor to be written as JSON; `element` formats the element at a row-major index. */
export interface TensorText {
  readonly shape: readonly number[];
  readonly element: (at: number) => string;
}

/** Formats the elements from index `at` on as arrays nested by the dimensions from `dimension` on. */
export function nested(tensor: TensorText, dimension: number, at: number, separator = ", "): string {
  const length = tensor.shape[dimension];
  if (length === undefined) return tensor.element(at);
  const isLast = dimension === tensor.shape.length - 1;
  const step = stride(tensor.shape, dimension);
  let text = "[";
  for (let i = 0; i < length; i++) {
    if (i > 0) text += separator;
    text += isLast ? tensor.element(at + i) : nested(tensor, dimension + 1, at + i * step, separator);
  }
  return `${text}]`;
}

/** Distance between consecutive entries of a dimension, in elements. */
export function stride(shape: readonly number[], dimension: number): number {
  let product = 1;
  for (let i = dimension + 1; i < shape.length; i++) product *= shape[i] ?? 1;
  return product;
}

/**
 * A formatter of a tensor's elements; undefined for types that TensorFlow Serving's JSON does not support: half, uint16 and
 * complex.
 */
export function elementText(
  tensor: Tensor,
  bytesText: (bytes: Buffer) => string,
): ((at: number) => string) | undefined {
  switch (tensor.dtype) {
    case "float32":
      return (at) => float32Text(elementAt(tensor.data, at));
    case "float64":
      return (at) => float64Text(elementAt(tensor.data, at));
    case "bool":
      return (at) => String(tensor.data[at] === 1);
    case "string":
      return (at) => bytesText(Buffer.from(tensor.data[at] ?? []));
    case "float16":
    case "bfloat16":
    case "uint16":
    case "complex64":
    case "complex128":
      return undefined;
    default:
      return (at) => String(tensor.data[at]);
  }
}

function elementAt(data: Float32Array | Float64Array, at: number): number {
  return data[at] ?? Number.NaN;
}
