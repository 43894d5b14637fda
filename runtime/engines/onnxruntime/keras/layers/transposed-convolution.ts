import { transposed } from "../arrangement.ts";
import { flag, integer, integers, word } from "../options.ts";
import { NotExportedError, type Value } from "../values.ts";
import { activated } from "./activations.ts";
import { biasOf, convolved } from "./convolution.ts";
import { knownSize, type LayerCall, type LayerExport, type LayerExports, weightAt } from "./layer-export.ts";

/** Convolutions that enlarge. */
export const transposedConvolutions: LayerExports = {
  Conv1DTranspose: enlarging(1),
  Conv2DTranspose: enlarging(2),
  Conv3DTranspose: enlarging(3),
};

function enlarging(axes: number): LayerExport {
  return {
    weightCounts: (config) => ({ trained: flag(config, "use_bias", true) ? 2 : 1, fixed: 0 }),
    apply: (call) => [transposedConvolution(call, axes)],
  };
}

/** After keras/src/backend/common/backend_utils.py, `compute_conv_transpose_padding_args_for_torch`, without output_padding. */
function transposedConvolution(call: LayerCall, axes: number): Value {
  const { config, graph } = call;
  const input = convolved(call);
  const size = integers(config, "kernel_size", axes);
  const strides = integers(config, "strides", axes);
  if ((config["output_padding"] ?? null) !== null) throw new NotExportedError("output_padding is not exported");
  if (integers(config, "dilation_rate", axes).some((rate) => rate !== 1)) {
    throw new NotExportedError("a dilated transposed convolution is not exported");
  }
  const filters = integer(config, "filters");
  const weight = weightAt(call, 0, [...size, filters, knownSize(input, -1)]);
  const order = [axes + 1, axes, ...size.map((_, axis) => axis)];
  const kernel = graph.weight(weight.data, "convolution", () => transposed(weight.data, weight.shape, order));
  const overlaps = size.map((span, i) => span - (strides[i] ?? 1));
  const isSame = word(config, "padding", "valid") === "same";
  const cut = overlaps.map((overlap) => (isSame ? Math.max(overlap, 0) : 0));
  const before = cut.map((total) => Math.floor(total / 2));
  const bias = biasOf(call, 1, filters);
  const name = graph.add("ConvTranspose", [input.name, kernel, ...(bias === "" ? [] : [bias])], {
    strides,
    kernel_shape: size,
    pads: [...before, ...cut.map((total, i) => total - (before[i] ?? 0))],
    output_padding: overlaps.map((overlap) => Math.max(-overlap, 0)),
  });
  const sizes = input.shape.slice(1, -1).map((length, i) => {
    const overlap = isSame ? 0 : Math.max(overlaps[i] ?? 0, 0);
    return length < 0 ? -1 : length * (strides[i] ?? 1) + overlap;
  });
  const value = { ...input, name, shape: [input.shape[0] ?? -1, ...sizes, filters] };
  return activated(graph, value, word(config, "activation", "linear"));
}
