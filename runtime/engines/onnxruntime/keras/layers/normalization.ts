import type { JsonObject } from "../../../../model/formats/keras/topology/json-config.ts";
import type { OnnxGraph } from "../../onnx-graph.ts";
import { flag, integer, real } from "../layer-config.ts";
import { cast, channelsFirst, channelsLast, NotExportedError, type Value } from "../values.ts";
import { knownSize, type LayerCall, type LayerExports, plainWeight, soleInput, weightAt } from "./layer-export.ts";

/** Normalization layers. */
export const normalizationLayers: LayerExports = {
  BatchNormalization: {
    weightCounts: (config) => ({ trained: affineWeights(config), fixed: 2 }),
    keepsMask: true,
    apply: (call) => [batchNormalization(call)],
  },
  LayerNormalization: {
    weightCounts: (config) => ({ trained: affineWeights(config), fixed: 0 }),
    keepsMask: true,
    apply: (call) => [layerNormalization(call)],
  },
  GroupNormalization: {
    weightCounts: (config) => ({ trained: affineWeights(config), fixed: 0 }),
    keepsMask: true,
    apply: (call) => [groupNormalization(call)],
  },
  Normalization: {
    weightCounts: (config) => ({ trained: 0, fixed: (config["mean"] ?? null) === null ? 3 : 0 }),
    apply: (call) => [normalization(call)],
  },
  RMSNormalization: {
    weightCounts: () => ({ trained: 1, fixed: 0 }),
    apply: (call) => [rmsNormalization(call)],
  },
  UnitNormalization: { keepsMask: true, apply: (call) => [unitNormalization(call)] },
  Rescaling: { keepsMask: true, apply: (call) => [rescaling(call)] },
};

function affineWeights(config: JsonObject): number {
  return (flag(config, "scale", true) ? 1 : 0) + (flag(config, "center", true) ? 1 : 0);
}

function requireLastAxis(config: JsonObject, rank: number): void {
  const axes = [config["axis"] ?? -1].flat();
  const isLast = axes.length === 1 && (axes[0] === -1 || axes[0] === rank - 1);
  if (!isLast) throw new NotExportedError(`axis=${JSON.stringify(axes)} is not the last`);
}

/** gamma and beta, filled with ones and zeros if the layer lacks them, and the number of stored weights. */
function affine(call: LayerCall, shape: readonly number[]): { gamma: Float32Array; beta: Float32Array; count: number } {
  const size = shape.reduce((product, length) => product * length, 1);
  let count = 0;
  const next = (isThere: boolean, value: number): Float32Array =>
    isThere ? weightAt(call, count++, shape).data : new Float32Array(size).fill(value);
  const gamma = next(flag(call.config, "scale", true), 1);
  const beta = next(flag(call.config, "center", true), 0);
  return { gamma, beta, count };
}

/** Folded to one factor and one summand per channel; ONNX Runtime fuses them into a preceding convolution. */
function batchNormalization(call: LayerCall): Value {
  const { config, graph } = call;
  const given = cast(graph, soleInput(call), "float32");
  const axis = channelAxis(config, given.shape.length);
  const isLast = axis === given.shape.length - 1;
  const input = isLast ? given : channelsLast(graph, given);
  const channels = knownSize(input, axis);
  const { gamma, beta, count } = affine(call, [channels]);
  const mean = weightAt(call, count, [channels]).data;
  const variance = weightAt(call, count + 1, [channels]);
  const factors = Float64Array.from(variance.data, (value, i) => {
    return (gamma[i] ?? 1) / Math.sqrt(value + real(config, "epsilon", 1e-3));
  });
  const trailingAxes = input.isChannelsFirst === true ? input.shape.length - 2 : input.shape.length - 1 - axis;
  const shape = [channels, ...Array.from({ length: trailingAxes }, () => 1)];
  const layout = `${shape.length}`;
  const factor = graph.weight(variance.data, `factors ${layout}`, () => ({ shape, data: Float32Array.from(factors) }));
  const summand = graph.weight(variance.data, `summands ${layout}`, () => {
    return { shape, data: Float32Array.from(factors, (value, i) => (beta[i] ?? 0) - (mean[i] ?? 0) * value) };
  });
  return { ...input, name: graph.add("Add", [graph.add("Mul", [input.name, factor]), summand]) };
}

function channelAxis(config: JsonObject, rank: number): number {
  const [axis = -1, ...others] = [config["axis"] ?? -1].flat().map(Number);
  const positive = axis < 0 ? axis + rank : axis;
  if (others.length === 0 && positive > 0 && positive < rank) return positive;
  throw new NotExportedError(`axis=${JSON.stringify(config["axis"])} is not one of the axes of a row`);
}

function layerNormalization(call: LayerCall): Value {
  const { config, graph } = call;
  const input = channelsLast(graph, cast(graph, soleInput(call), "float32"));
  const rank = input.shape.length;
  const axes = [config["axis"] ?? -1].flat().map((axis) => (Number(axis) < 0 ? Number(axis) + rank : Number(axis)));
  const first = Math.min(...axes);
  if (first < 1) throw new NotExportedError(`axis=${JSON.stringify(config["axis"])} is not exported`);
  const sizes = axes.map((axis) => knownSize(input, axis));
  const { gamma, beta } = affine(call, sizes);
  const own = call.weights[0]?.data ?? new Float32Array();
  const isTrailing = axes.length === rank - first && axes.every((axis, i) => axis === first + i);
  // ONNX's operator takes trailing axes only: for others, the weights are reshaped to broadcast over all axes.
  const shape = isTrailing ? sizes : input.shape.slice(1).map((size, i) => (axes.includes(i + 1) ? size : 1));
  const scale = graph.weight(own, "scale", () => ({ shape, data: gamma }));
  const bias = graph.weight(own, "center", () => ({ shape, data: beta }));
  const epsilon = real(config, "epsilon", 1e-3);
  if (isTrailing) {
    const options = { axis: first, epsilon: { float: epsilon } };
    return { ...input, name: graph.add("LayerNormalization", [input.name, scale, bias], options) };
  }
  if (axes.some((axis, i) => axis < (axes[i - 1] ?? 0))) throw new NotExportedError("its axes are not in order");
  const { name } = standardised(graph, input, graph.integers(axes), epsilon);
  return { ...input, name: graph.add("Add", [graph.add("Mul", [name, scale]), bias]) };
}

/** Standardizes to mean 0 and variance 1 along the axes. */
function standardised(graph: OnnxGraph, { name, ...value }: Value, axes: string, epsilon: number): Value {
  const centred = graph.add("Sub", [name, graph.add("ReduceMean", [name, axes], { keepdims: 1 })]);
  const variance = graph.add("ReduceMean", [graph.add("Mul", [centred, centred]), axes], { keepdims: 1 });
  const spread = graph.add("Sqrt", [graph.add("Add", [variance, graph.number(epsilon)])]);
  return { ...value, name: graph.add("Div", [centred, spread]) };
}

/** keras/src/layers/normalization/group_normalization.py: statistics over all positions and the channels of a group. */
function groupNormalization(call: LayerCall): Value {
  const { config, graph } = call;
  const input = channelsFirst(graph, cast(graph, soleInput(call), "float32"));
  const rank = input.shape.length;
  requireLastAxis(config, rank);
  const channels = knownSize(input, -1);
  const groups = integer(config, "groups") === -1 ? channels : integer(config, "groups");
  const { gamma, beta } = affine(call, [channels]);
  const grouped = graph.add("Reshape", [input.name, graph.integers([0, groups, -1])]);
  const epsilon = real(config, "epsilon", 1e-3);
  const normal = standardised(graph, { ...input, name: grouped }, graph.integers([2]), epsilon);
  const back = graph.add("Reshape", [normal.name, graph.add("Shape", [input.name])]);
  const shape = [channels, ...Array.from({ length: rank - 2 }, () => 1)];
  const own = call.weights[0]?.data ?? new Float32Array();
  const scale = graph.weight(own, "scale", () => ({ shape, data: gamma }));
  const bias = graph.weight(own, "center", () => ({ shape, data: beta }));
  return { ...input, name: graph.add("Add", [graph.add("Mul", [back, scale]), bias]) };
}

/** keras/src/layers/preprocessing/normalization.py, with statistics from `adapt` or from the config. */
function normalization(call: LayerCall): Value {
  const { config, graph } = call;
  const input = channelsLast(graph, cast(graph, soleInput(call), "float32"));
  const rank = input.shape.length;
  const axes = [config["axis"] ?? []].flat().map((axis) => (Number(axis) + rank) % rank);
  const shape = input.shape.slice(1).map((_, i) => (axes.includes(i + 1) ? knownSize(input, i + 1) : 1));
  const given = statistic(call, "mean", 0, shape);
  const variance = statistic(call, "variance", 1, shape);
  const mean = graph.weight(given, "mean", () => ({ shape, data: given }));
  const deviation = graph.weight(variance, "deviation", () => {
    return { shape, data: variance.map((value) => Math.max(Math.sqrt(value), 1e-7)) };
  });
  const { name } = input;
  const result = flag(config, "invert", false)
    ? graph.add("Add", [graph.add("Mul", [name, deviation]), mean])
    : graph.add("Div", [graph.add("Sub", [name, mean]), deviation]);
  return { ...input, name: result };
}

/** A statistic from the config (nested lists) or the weights; one number stands for all. */
function statistic(call: LayerCall, key: string, index: number, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const option = call.config[key] ?? null;
  const size = shape.reduce((product, length) => product * length, 1);
  const numbers = option === null ? undefined : [option].flat(8).map(Number);
  const data = numbers === undefined ? call.weights[index]?.data : Float32Array.from(numbers);
  if (data?.length === size && data.every((value) => !Number.isNaN(value))) return data;
  if (data?.length === 1) return new Float32Array(size).fill(data[0] ?? 0);
  throw new NotExportedError(`its ${key} does not fit its input`);
}

function rmsNormalization(call: LayerCall): Value {
  const { config, graph } = call;
  const input = channelsLast(graph, cast(graph, soleInput(call), "float32"));
  const rank = input.shape.length;
  requireLastAxis(config, rank);
  const square = graph.add("Mul", [input.name, input.name]);
  const mean = graph.add("ReduceMean", [square, graph.integers([-1])], { keepdims: 1 });
  const length = graph.add("Sqrt", [graph.add("Add", [mean, graph.number(real(config, "epsilon", 1e-6))])]);
  const scale = plainWeight(graph, weightAt(call, 0, [knownSize(input, -1)]));
  return { ...input, name: graph.add("Mul", [graph.add("Div", [input.name, length]), scale]) };
}

function unitNormalization(call: LayerCall): Value {
  const { config, graph } = call;
  const input = channelsLast(graph, cast(graph, soleInput(call), "float32"));
  const axes = graph.integers([config["axis"] ?? -1].flat().map(Number));
  const sum = graph.add("ReduceSumSquare", [input.name, axes], { keepdims: 1 });
  const length = graph.add("Sqrt", [graph.add("Max", [sum, graph.number(1e-12)])]);
  return { ...input, name: graph.add("Div", [input.name, length]) };
}

function rescaling(call: LayerCall): Value {
  const { config, graph } = call;
  const input = cast(graph, soleInput(call), "float32");
  const product = graph.add("Mul", [input.name, graph.number(real(config, "scale", 1))]);
  const offset = real(config, "offset", 0);
  return { ...input, name: offset === 0 ? product : graph.add("Add", [product, graph.number(offset)]) };
}
