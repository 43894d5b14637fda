import type { JsonObject } from "../../../../model/formats/keras/topology/json-config.ts";
import type { OnnxGraph } from "../../onnx-graph.ts";
import { flag, integer } from "../layer-config.ts";
import { cast, channelsLast, NotExportedError, type Value } from "../values.ts";
import { knownSize, type LayerCall, type LayerExports, plainWeight, weightAt } from "./layer-export.ts";

/** Attention layers. */
export const attentionLayers: LayerExports = {
  MultiHeadAttention: {
    weightCounts: (config) => ({ trained: flag(config, "use_bias", true) ? 8 : 4, fixed: 0 }),
    keepsMask: true,
    apply: multiHeadAttention,
  },
  GroupQueryAttention: {
    weightCounts: (config) => ({ trained: flag(config, "use_bias", true) ? 8 : 4, fixed: 0 }),
    keepsMask: true,
    apply: multiHeadAttention,
  },
  Attention: {
    weightCounts: (config) => ({ trained: flag(config, "use_scale", false) ? 1 : 0, fixed: 0 }),
    keepsMask: true,
    apply: (call) => attention(call, dotScores),
  },
  AdditiveAttention: {
    weightCounts: (config) => ({ trained: flag(config, "use_scale", true) ? 1 : 0, fixed: 0 }),
    keepsMask: true,
    apply: (call) => attention(call, additiveScores),
  },
};

type Scores = (call: LayerCall, query: Value, key: Value) => string;

/** keras/src/layers/attention/attention.py; the inputs are query, value and key. */
function attention(call: LayerCall, scoresOf: Scores): readonly Value[] {
  const { graph, config } = call;
  const floats = call.inputs.map((input) => cast(graph, input, "float32"));
  const [query, value, key] = sequencesOf(graph, floats);
  const masks = value.mask === undefined ? [] : [graph.add("Unsqueeze", [value.mask, graph.integers([1])])];
  if (flag(config, "use_causal_mask", false)) masks.push(causalMask(graph, query, value));
  const scores = penalized(graph, scoresOf(call, query, key), masks);
  const weights = graph.add("Softmax", [scores], { axis: -1 });
  const mixed = graph.add("MatMul", [weights, value.name]);
  const name = query.mask === undefined ? mixed : graph.add("Mul", [mixed, maskFactors(graph, query.mask)]);
  const shape = [...query.shape.slice(0, -1), value.shape.at(-1) ?? -1];
  const result: Value = { name, type: "float32", shape, ...(query.mask === undefined ? {} : { mask: query.mask }) };
  if (!flag(config, "return_attention_scores", false)) return [result];
  const steps = [query, value].map((sequence) => sequence.shape[1] ?? -1);
  return [result, { name: weights, type: "float32", shape: [query.shape[0] ?? -1, ...steps] }];
}

/** Subtracts 1e9 from the scores of masked steps: if all steps are masked, their weights are nearly equal. */
function penalized(graph: OnnxGraph, scores: string, masks: readonly string[]): string {
  if (masks.length === 0) return scores;
  const mask = graph.add("Not", [masks.reduce((all, one) => graph.add("And", [all, one]))]);
  const amount = graph.add("Mul", [graph.add("Cast", [mask], { to: floatType }), graph.number(1e9)]);
  return graph.add("Sub", [scores, amount]);
}

/** The mask as float factors of shape [batch, steps, 1]. */
function maskFactors(graph: OnnxGraph, mask: string): string {
  return graph.add("Unsqueeze", [graph.add("Cast", [mask], { to: floatType }), graph.integers([2])]);
}

/** float32 in onnx.proto's `TensorProto.DataType`. */
const floatType = 1;

function dotScores(call: LayerCall, query: Value, key: Value): string {
  const { graph, config } = call;
  const scores = graph.add("MatMul", [query.name, permuted(graph, key.name, [0, 2, 1])]);
  if (!flag(config, "use_scale", false)) return scores;
  return graph.add("Mul", [scores, plainWeight(graph, weightAt(call, 0, []))]);
}

/** keras/src/layers/attention/additive_attention.py */
function additiveScores(call: LayerCall, query: Value, key: Value): string {
  const { graph, config } = call;
  const each = [
    graph.add("Unsqueeze", [query.name, graph.integers([2])]),
    graph.add("Unsqueeze", [key.name, graph.integers([1])]),
  ];
  const sum = graph.add("Tanh", [graph.add("Add", each)]);
  const scaled = flag(config, "use_scale", true)
    ? graph.add("Mul", [sum, plainWeight(graph, weightAt(call, 0, [knownSize(query, -1)]))])
    : sum;
  return graph.add("ReduceSum", [scaled, graph.integers([-1])], { keepdims: 0 });
}

/** keras/src/layers/attention/multi_head_attention.py, for sequences; the inputs are query, value and key. */
function multiHeadAttention(call: LayerCall): readonly Value[] {
  const { config, graph } = call;
  const { sequences, mask } = attentionInputs(call);
  const [query, value, key] = sequences;
  const { count, groups, keySize, valueSize } = headsOf(config);
  const queries = headProjection(call, 0, query, [count, keySize]);
  const keys = repeatedHeads(graph, headProjection(call, 1, key, [groups, keySize]), { count, groups, size: keySize });
  const values = repeatedHeads(graph, headProjection(call, 2, value, [groups, valueSize]), {
    count,
    groups,
    size: valueSize,
  });
  const scaled = graph.add("Mul", [permuted(graph, queries, [0, 2, 1, 3]), graph.number(1 / Math.sqrt(keySize))]);
  const scores = graph.add("MatMul", [scaled, permuted(graph, keys, [0, 2, 3, 1])]);
  const masks = [...paddingMasks(graph, sequences), ...(mask === undefined ? [] : [mask])];
  if (flag(config, "use_causal_mask", false)) masks.push(causalMask(graph, query, value));
  const weights = graph.add("Softmax", [maskedScores(graph, scores, masks)], { axis: -1 });
  const mixed = graph.add("MatMul", [weights, permuted(graph, values, [0, 2, 1, 3])]);
  const result = outputProjection(call, query, permuted(graph, mixed, [0, 2, 1, 3]), [count, valueSize]);
  if (!flag(config, "return_attention_scores", false)) return [result];
  const steps = [query.shape[1] ?? -1, value.shape[1] ?? -1];
  return [result, { name: weights, type: "float32", shape: [query.shape[0] ?? -1, count, ...steps] }];
}

interface Heads {
  readonly count: number;
  /** Number of key and value heads; each is shared by `count / groups` query heads. */
  readonly groups: number;
  readonly keySize: number;
  readonly valueSize: number;
}

/** Head sizes of MultiHeadAttention or GroupedQueryAttention. */
function headsOf(config: JsonObject): Heads {
  if (config["num_query_heads"] === undefined) {
    const count = integer(config, "num_heads");
    const keySize = integer(config, "key_dim");
    const valueSize = (config["value_dim"] ?? null) === null ? keySize : integer(config, "value_dim");
    return { count, groups: count, keySize, valueSize };
  }
  if (config["use_gate"] === true) throw new NotExportedError("use_gate=true is not exported");
  if ((config["sliding_window"] ?? null) !== null) throw new NotExportedError("a sliding window is not exported");
  const size = integer(config, "head_dim");
  const [count, groups] = [integer(config, "num_query_heads"), integer(config, "num_key_value_heads")];
  return { count, groups, keySize: size, valueSize: size };
}

/** Repeats each key or value head for its query heads: [batch, steps, groups, size] to [batch, steps, heads, size]. */
function repeatedHeads(
  graph: OnnxGraph,
  name: string,
  { count, groups, size }: Omit<Heads, "keySize" | "valueSize"> & { readonly size: number },
): string {
  if (groups === count) return name;
  const spread = graph.add("Expand", [
    graph.add("Unsqueeze", [name, graph.integers([3])]),
    graph.integers([1, 1, 1, count / groups, 1]),
  ]);
  return graph.add("Reshape", [spread, graph.integers([0, 0, count, size])]);
}

interface AttentionInputs {
  readonly sequences: readonly [query: Value, value: Value, key: Value];
  /** The attention mask input: bool, broadcastable to the scores. */
  readonly mask?: string;
}

function attentionInputs(call: LayerCall): AttentionInputs {
  const { config, graph, inputs } = call;
  const axes = [config["attention_axes"] ?? 1].flat();
  if (axes.length !== 1 || axes[0] !== 1)
    throw new NotExportedError(`attention_axes=${JSON.stringify(axes)} is not exported`);
  if (!flag(config, "has_attention_mask", false)) return { sequences: sequencesOf(graph, inputs) };
  const given = inputs.at(-1);
  const sequences = sequencesOf(graph, inputs.slice(0, -1));
  return given === undefined ? { sequences } : { sequences, mask: attentionMask(graph, given) };
}

function sequencesOf(graph: OnnxGraph, inputs: readonly Value[]): AttentionInputs["sequences"] {
  const [query, value, key = value] = inputs.map((input) => channelsLast(graph, input));
  if (query === undefined || value === undefined || key === undefined || inputs.length > 3) {
    throw new NotExportedError(`it is called with ${inputs.length} inputs`);
  }
  if ([query, value, key].some(({ shape }) => shape.length !== 3)) {
    throw new NotExportedError("its inputs are not sequences");
  }
  return [query, value, key];
}

/** An attention mask of shape [batch, query steps, value steps], optionally with a head axis after the batch. */
function attentionMask(graph: OnnxGraph, given: Value): string {
  const mask = cast(graph, channelsLast(graph, given), "bool");
  if (mask.shape.length === 4) return mask.name;
  if (mask.shape.length === 3) return graph.add("Unsqueeze", [mask.name, graph.integers([1])]);
  throw new NotExportedError(`an attention mask of ${mask.shape.length} axes is not exported`);
}

/** Causal mask: a query step attends to value steps up to its own index. */
function causalMask(graph: OnnxGraph, query: Value, value: Value): string {
  const positions = ({ name }: Value, axis: number): string => {
    const count = graph.add("Gather", [graph.add("Shape", [name]), graph.integers([1], [])]);
    const range = graph.add("Range", [graph.integers([0], []), count, graph.integers([1], [])]);
    return graph.add("Unsqueeze", [range, graph.integers([axis])]);
  };
  return graph.add("GreaterOrEqual", [positions(query, 1), positions(value, 0)]);
}

function paddingMasks(graph: OnnxGraph, [query, ...others]: readonly Value[]): string[] {
  const masks = new Set([
    ...(query?.mask === undefined ? [] : [graph.add("Unsqueeze", [query.mask, graph.integers([1, 3])])]),
    ...others.flatMap(({ mask }) =>
      mask === undefined ? [] : [graph.add("Unsqueeze", [mask, graph.integers([1, 2])])],
    ),
  ]);
  return [...masks];
}

/** Masks scores of shape [batch, heads, query steps, value steps] with -1e9. */
function maskedScores(graph: OnnxGraph, scores: string, masks: readonly string[]): string {
  if (masks.length === 0) return scores;
  const mask = masks.reduce((all, one) => graph.add("And", [all, one]));
  return graph.add("Where", [mask, scores, graph.number(-1e9)]);
}

type HeadSize = readonly [count: number, size: number];

/** Projects [batch, steps, features] to [batch, steps, heads, size]. */
function headProjection(call: LayerCall, position: number, input: Value, [count, size]: HeadSize): string {
  const { config, graph } = call;
  const features = knownSize(input, -1);
  const hasBias = flag(config, "use_bias", true);
  const kernel = weightAt(call, hasBias ? 2 * position : position, [features, count, size]);
  const matrix = graph.weight(kernel.data, "matrix", () => ({ shape: [features, count * size], data: kernel.data }));
  const product = graph.add("MatMul", [input.name, matrix]);
  const split = graph.add("Reshape", [product, graph.integers([0, 0, count, size])]);
  return hasBias
    ? graph.add("Add", [split, plainWeight(graph, weightAt(call, 2 * position + 1, [count, size]))])
    : split;
}

function permuted(graph: OnnxGraph, name: string, perm: readonly number[]): string {
  return graph.add("Transpose", [name], { perm });
}

/** Projects all heads back to features: as many as the query has, unless `output_shape` says otherwise. */
function outputProjection(call: LayerCall, query: Value, mixed: string, [count, size]: HeadSize): Value {
  const { config, graph } = call;
  const given = [config["output_shape"] ?? knownSize(query, -1)].flat();
  const features = Number(given[0]);
  if (given.length !== 1 || !Number.isSafeInteger(features))
    throw new NotExportedError("its output_shape is not exported");
  const hasBias = flag(config, "use_bias", true);
  const kernel = weightAt(call, hasBias ? 6 : 3, [count, size, features]);
  const matrix = graph.weight(kernel.data, "matrix", () => ({ shape: [count * size, features], data: kernel.data }));
  const joined = graph.add("Reshape", [mixed, graph.integers([0, 0, count * size])]);
  const product = graph.add("MatMul", [joined, matrix]);
  const bias = hasBias ? plainWeight(graph, weightAt(call, 7, [features])) : "";
  const name = bias === "" ? product : graph.add("Add", [product, bias]);
  const { mask } = query;
  const value = { name, type: "float32" as const, shape: [...query.shape.slice(0, -1), features] };
  return mask === undefined ? value : { ...value, mask };
}
