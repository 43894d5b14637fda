import type { Tensor } from "../../../dataplane/tensor.ts";
import { float32Text, float64Text } from "../../json/number-text.ts";

/** A tensor as JSON has it; `element` writes the element that `at` counts. */
export interface TensorText {
  readonly shape: readonly number[];
  readonly element: (at: number) => string;
}

/** Elements from `at` on as lists nested by the dimensions from `dimension` on. */
export function nested(tensor: TensorText, dimension: number, at: number, between = ", "): string {
  const length = tensor.shape[dimension];
  if (length === undefined) return tensor.element(at);
  const isLast = dimension === tensor.shape.length - 1;
  const step = stride(tensor.shape, dimension);
  let text = "[";
  for (let i = 0; i < length; i++) {
    if (i > 0) text += between;
    text += isLast ? tensor.element(at + i) : nested(tensor, dimension + 1, at + i * step, between);
  }
  return `${text}]`;
}

/** Elements from one entry of a dimension to the next. */
export function stride(shape: readonly number[], dimension: number): number {
  let product = 1;
  for (let i = dimension + 1; i < shape.length; i++) product *= shape[i] ?? 1;
  return product;
}

/** How a tensor's elements are written; undefined for those that TensorFlow Serving's JSON cannot tell: half and complex numbers. */
export function elementText(tensor: Tensor, ofBytes: (bytes: Buffer) => string): ((at: number) => string) | undefined {
  switch (tensor.dtype) {
    case "float32":
      return (at) => float32Text(elementAt(tensor.data, at));
    case "float64":
      return (at) => float64Text(elementAt(tensor.data, at));
    case "bool":
      return (at) => String(tensor.data[at] === 1);
    case "string":
      return (at) => ofBytes(Buffer.from(tensor.data[at] ?? []));
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
