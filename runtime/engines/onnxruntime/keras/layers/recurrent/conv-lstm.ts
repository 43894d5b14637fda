import type { Weight } from "../../../../../model/formats/keras/keras-model.ts";
import { transposed } from "../../transposed-weight.ts";
import { flag, integer, integers, requireChannelsLast, word } from "../../layer-config.ts";
import { cast, channelsFirst, channelsLast, NotExportedError, unmasked, type Value } from "../../values.ts";
import { padding, type Window } from "../../window-padding.ts";
import { activated } from "../activations.ts";
import {
  knownSize,
  type LayerCall,
  type LayerExport,
  type LayerExports,
  plainWeight,
  weightAt,
} from "../layer-export.ts";

/** ConvLSTM layers. */
export const convLstmLayers: LayerExports = {
  ConvLSTM1D: convLstmLayer(1),
  ConvLSTM2D: convLstmLayer(2),
  ConvLSTM3D: convLstmLayer(3),
};

/** Steps are unrolled; longer sequences are left to another engine. */
const maxSteps = 256;

function convLstmLayer(axes: number): LayerExport {
  return {
    weightCounts: (config) => ({ trained: flag(config, "use_bias", true) ? 3 : 2, fixed: 0 }),
    apply: (call) => convLstm(call, axes),
  };
}

/** Output (h) and cell state (c) of a step, channels first. */
interface State {
  readonly h: string;
  readonly c: string;
}

/** keras/src/layers/rnn/conv_lstm.py. The input projections of all steps are one convolution over steps as batch. */
function convLstm(call: LayerCall, axes: number): readonly Value[] {
  const { config, graph } = call;
  requireChannelsLast(config);
  const { input, initial } = convLstmInputs(call);
  const steps = knownSize(input, 1);
  if (steps > maxSteps) throw new NotExportedError(`it has ${steps} steps; at most ${maxSteps} are written out`);
  const filters = integer(config, "filters");
  const { parts, sizes } = inputProjections(call, input, axes);
  const recurrent = weightAt(call, 1, [...integers(config, "kernel_size", axes), filters, 4 * filters]);
  const kernel = convolutionKernel(call, recurrent, axes);
  let state = initial;
  const outputs: string[] = [];
  for (const part of flag(config, "go_backwards", false) ? parts.toReversed() : parts) {
    state = cellStep(call, part, state, kernel);
    outputs.push(graph.add("Unsqueeze", [state.h, graph.integers([1])]));
  }
  if (state === undefined) throw new NotExportedError("it has no steps");
  const batch = input.shape[0] ?? -1;
  const image = (name: string): Value => {
    return { name, type: "float32", shape: [batch, ...sizes, filters], isChannelsFirst: true };
  };
  const states = flag(config, "return_state", false) ? [image(state.h), image(state.c)] : [];
  if (!flag(config, "return_sequences", false)) return [image(state.h), ...states];
  const sequence = graph.add("Concat", outputs, { axis: 1 });
  const perm = [0, 1, ...sizes.map((_, axis) => axis + 3), 2];
  const name = graph.add("Transpose", [sequence], { perm });
  return [{ name, type: "float32", shape: [batch, steps, ...sizes, filters] }, ...states];
}

function convLstmInputs({ graph, inputs }: LayerCall): { readonly input: Value; readonly initial: State | undefined } {
  const [first, ...states] = inputs;
  const [h, c, ...others] = states.map((state) => channelsFirst(graph, cast(graph, state, "float32")).name);
  const isOne = (h === undefined) !== (c === undefined);
  if (first === undefined || first.mask !== undefined || isOne || others.length > 0) {
    throw new NotExportedError("it is called with a mask, or with other than two states");
  }
  const input = unmasked(channelsLast(graph, cast(graph, first, "float32")));
  return { input, initial: h === undefined || c === undefined ? undefined : { h, c } };
}

/** The input projection of the gates for each step, and the spatial size of the outputs. */
function inputProjections(
  call: LayerCall,
  input: Value,
  axes: number,
): { readonly parts: readonly string[]; readonly sizes: readonly number[] } {
  const { config, graph } = call;
  const [, steps = 1, ...row] = input.shape.map((_, axis) => (axis === 0 ? -1 : knownSize(input, axis)));
  const size = integers(config, "kernel_size", axes);
  const width = 4 * integer(config, "filters");
  const weight = weightAt(call, 0, [...size, row.at(-1) ?? 0, width]);
  const bias = flag(config, "use_bias", true) ? [plainWeight(graph, weightAt(call, 2, [width]))] : [];
  const strides = integers(config, "strides", axes);
  const dilations = integers(config, "dilation_rate", axes);
  const windows = size.map((span, i): Window => {
    return { span: (span - 1) * (dilations[i] ?? 1) + 1, stride: strides[i] ?? 1 };
  });
  const { attributes, sizes } = padding(word(config, "padding", "valid"), row.slice(0, -1), windows);
  const flat = graph.add("Reshape", [input.name, graph.integers([-1, ...row])]);
  const images = channelsFirst(graph, { name: flat, type: "float32", shape: [-1, ...row] });
  const options = { ...attributes, strides, dilations, kernel_shape: size };
  const product = graph.add("Conv", [images.name, convolutionKernel(call, weight, axes), ...bias], options);
  const sequence = graph.add("Reshape", [product, graph.integers([-1, steps, width, ...sizes])]);
  const parts = graph.addMany("Split", [sequence], steps, { axis: 1, num_outputs: steps });
  return { parts: parts.map((part) => graph.add("Squeeze", [part, graph.integers([1])])), sizes };
}

function convolutionKernel({ graph }: LayerCall, { data, shape }: Weight, axes: number): string {
  const order = [axes + 1, axes, ...Array.from({ length: axes }, (_, axis) => axis)];
  return graph.weight(data, "convolution", () => transposed(data, shape, order));
}

/** One step. Gates are input, forget, candidate and output; an absent state is zero. */
function cellStep(call: LayerCall, part: string, before: State | undefined, kernel: string): State {
  const { config, graph } = call;
  const same = { auto_pad: "SAME_UPPER" } as const;
  const sum = before === undefined ? part : graph.add("Add", [part, graph.add("Conv", [before.h, kernel], same)]);
  const [i = "", f = "", g = "", o = ""] = graph.addMany("Split", [sum], 4, { axis: 1, num_outputs: 4 });
  const activate = (name: string, option: string, fallback: string): string => {
    return activated(graph, { name, type: "float32", shape: [] }, word(config, option, fallback)).name;
  };
  const gate = (name: string): string => activate(name, "recurrent_activation", "sigmoid");
  const added = graph.add("Mul", [gate(i), activate(g, "activation", "tanh")]);
  const c = before === undefined ? added : graph.add("Add", [graph.add("Mul", [gate(f), before.c]), added]);
  return { c, h: graph.add("Mul", [gate(o), activate(c, "activation", "tanh")]) };
}
