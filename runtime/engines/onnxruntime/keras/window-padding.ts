import { NotExportedError } from "./values.ts";

/** Geometry of a convolution or pooling window along one axis. */
export interface Window {
  /** Size including dilation. */
  readonly span: number;
  readonly stride: number;
}

/** ONNX padding attributes, and the output sizes; -1 stands for any size. */
export interface Padding {
  readonly attributes: { readonly pads: readonly number[] } | { readonly auto_pad: "SAME_UPPER" };
  readonly sizes: readonly number[];
}

/** Translates Keras' padding modes to ONNX (keras/src/ops/operation_utils.py, `compute_conv_output_shape`). */
export function padding(kind: string, sizes: readonly number[], windows: readonly Window[]): Padding {
  switch (kind) {
    case "valid":
      return { attributes: { pads: windows.flatMap(() => [0, 0]) }, sizes: validSizes(sizes, windows) };
    case "same":
      return samePadding(sizes, windows);
    case "causal":
      return {
        attributes: { pads: [...windows.map(({ span }) => span - 1), ...windows.map(() => 0)] },
        sizes: sizes.map((size, i) => (size < 0 ? -1 : Math.ceil(size / (windows[i]?.stride ?? 1)))),
      };
    default:
      throw new NotExportedError(`padding ${kind} is not exported`);
  }
}

/** SAME padding: ceil(size / stride) outputs; an odd remainder is added at the end. */
function samePadding(sizes: readonly number[], windows: readonly Window[]): Padding {
  const results = sizes.map((size, i) => (size < 0 ? -1 : Math.ceil(size / (windows[i]?.stride ?? 1))));
  const totals = windows.map(({ span, stride }, i) => {
    const [size = -1, result = -1] = [sizes[i], results[i]];
    if (stride === 1) return span - 1;
    return size < 0 ? -1 : Math.max((result - 1) * stride + span - size, 0);
  });
  if (totals.includes(-1)) return { attributes: { auto_pad: "SAME_UPPER" }, sizes: results };
  const before = totals.map((total) => Math.floor(total / 2));
  return { attributes: { pads: [...before, ...totals.map((total, i) => total - (before[i] ?? 0))] }, sizes: results };
}

function validSizes(sizes: readonly number[], windows: readonly Window[]): readonly number[] {
  return sizes.map((size, i) => {
    const { span, stride } = windows[i] ?? { span: 1, stride: 1 };
    if (size < 0) return -1;
    if (size < span) throw new NotExportedError(`a window of ${span} does not fit into ${size}`);
    return Math.floor((size - span) / stride) + 1;
  });
}
