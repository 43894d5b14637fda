import { flag, integers, requireChannelsLast, word } from "../layer-config.ts";
import { cast, channelsFirst, channelsLast, type Value } from "../values.ts";
import { padding } from "../window-padding.ts";
import { type LayerCall, type LayerExport, type LayerExports, soleInput } from "./layer-export.ts";

/** Pooling layers. */
export const poolingLayers: LayerExports = {
  MaxPooling1D: windowed("MaxPool", 1),
  MaxPooling2D: windowed("MaxPool", 2),
  MaxPooling3D: windowed("MaxPool", 3),
  AveragePooling1D: windowed("AveragePool", 1),
  AveragePooling2D: windowed("AveragePool", 2),
  AveragePooling3D: windowed("AveragePool", 3),
  GlobalMaxPooling1D: global("Max"),
  GlobalMaxPooling2D: global("Max"),
  GlobalMaxPooling3D: global("Max"),
  GlobalAveragePooling1D: { apply: (call) => [maskedMean(call) ?? globalPool(call, "Average")] },
  GlobalAveragePooling2D: global("Average"),
  GlobalAveragePooling3D: global("Average"),
};

function windowed(operator: string, axes: number): LayerExport {
  return {
    apply: (call) => {
      const { config, graph } = call;
      requireChannelsLast(config);
      const input = channelsFirst(graph, cast(graph, soleInput(call), "float32"));
      const size = integers(config, "pool_size", axes, 2);
      const strides = (config["strides"] ?? null) === null ? size : integers(config, "strides", axes);
      const windows = size.map((span, i) => ({ span, stride: strides[i] ?? 1 }));
      const { attributes, sizes } = padding(word(config, "padding", "valid"), input.shape.slice(1, -1), windows);
      const name = graph.add(operator, [input.name], { ...attributes, kernel_shape: size, strides });
      const { mask: _, ...value } = input;
      return [{ ...value, name, shape: [input.shape[0] ?? -1, ...sizes, input.shape.at(-1) ?? -1] }];
    },
  };
}

function global(kind: "Max" | "Average"): LayerExport {
  return { apply: (call) => [globalPool(call, kind)] };
}

/** After convolutions values are channels first, for which ONNX Runtime has global pooling kernels. */
function globalPool(call: LayerCall, kind: "Max" | "Average"): Value {
  const { config, graph } = call;
  requireChannelsLast(config);
  const { mask: _, ...input } = cast(graph, soleInput(call), "float32");
  const positions = input.shape.length - 2;
  const [batch = -1] = input.shape;
  const channels = input.shape.at(-1) ?? -1;
  const keepsAxes = flag(config, "keepdims", false);
  const shape = [batch, ...(keepsAxes ? Array.from({ length: positions }, () => 1) : []), channels];
  if (input.isChannelsFirst === true) {
    const pooled = graph.add(`Global${kind}Pool`, [input.name]);
    if (keepsAxes) return { ...input, name: pooled, shape };
    return { name: graph.add("Flatten", [pooled], { axis: 1 }), type: input.type, shape };
  }
  const axes = graph.integers(Array.from({ length: positions }, (_, i) => i + 1));
  const operator = kind === "Max" ? "ReduceMax" : "ReduceMean";
  return { ...input, name: graph.add(operator, [input.name, axes], { keepdims: keepsAxes ? 1 : 0 }), shape };
}

/** The mean over the unmasked steps; `undefined` without a mask. */
function maskedMean(call: LayerCall): Value | undefined {
  const { graph, config } = call;
  const { mask, ...input } = channelsLast(graph, soleInput(call));
  if (mask === undefined) return undefined;
  const keepdims = flag(config, "keepdims", false) ? 1 : 0;
  const kept = cast(graph, { name: mask, type: "bool", shape: input.shape.slice(0, 2) }, "float32");
  const weights = graph.add("Unsqueeze", [kept.name, graph.integers([2])]);
  const axes = graph.integers([1]);
  const sum = graph.add("ReduceSum", [graph.add("Mul", [input.name, weights]), axes], { keepdims });
  const count = graph.add("ReduceSum", [weights, axes], { keepdims });
  const [batch = -1] = input.shape;
  const shape = [batch, ...(keepdims === 1 ? [1] : []), input.shape.at(-1) ?? -1];
  return { ...input, name: graph.add("Div", [sum, count]), shape };
}
