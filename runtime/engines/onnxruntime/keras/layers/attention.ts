import type { OnnxGraph } from "../onnx-graph.ts";
import { flag, integer } from "../options.ts";
import { channelsLast, NotExportedError, type Value } from "../values.ts";
import { knownSize, type LayerCall, type LayerExports, plainWeight, weightAt } from "./layer-export.ts";

/** Layers that weigh the steps of one sequence by those of another. */
export const attentions: LayerExports = {
  MultiHeadAttention: {
    weightCounts: (config) => ({ trained: flag(config, "use_bias", true) ? 8 : 4, fixed: 0 }),
    keepsMask: true,
    apply: (call) => [multiHeadAttention(call)],
  },
};

/** keras/src/layers/attention/multi_head_attention.py, over the steps of sequences; called with query, value and key. */
function multiHeadAttention(call: LayerCall): Value {
  const { config, graph } = call;
  const [query, value, key = value] = call.inputs.map((input) => channelsLast(graph, input));
  if (query === undefined || value === undefined || key === undefined || call.inputs.length > 3) {
    throw new NotExportedError(`it is called with ${call.inputs.length} inputs`);
  }
  if ([query, value, key].some(({ shape }) => shape.length !== 3)) {
    throw new NotExportedError("its inputs are not sequences");
  }
  const axes = [config["attention_axes"] ?? 1].flat();
  if (axes.length !== 1 || axes[0] !== 1)
    throw new NotExportedError(`attention_axes=${JSON.stringify(axes)} is not exported`);
  const keySize = integer(config, "key_dim");
  const valueSize = (config["value_dim"] ?? null) === null ? keySize : integer(config, "value_dim");
  const queries = projected(call, 0, query, keySize);
  const keys = projected(call, 1, key, keySize);
  const values = projected(call, 2, value, valueSize);
  const scaled = graph.add("Mul", [heads(graph, queries, [0, 2, 1, 3]), graph.number(1 / Math.sqrt(keySize))]);
  const scores = graph.add("MatMul", [scaled, heads(graph, keys, [0, 2, 3, 1])]);
  const weights = graph.add("Softmax", [maskedScores(graph, scores, [query, value, key])], { axis: -1 });
  const mixed = graph.add("MatMul", [weights, heads(graph, values, [0, 2, 1, 3])]);
  return output(call, query, heads(graph, mixed, [0, 2, 1, 3]), valueSize);
}

/** Scores are [batch, heads, steps of the query, steps of the value]: those of steps that do not count vanish. */
function maskedScores(graph: OnnxGraph, scores: string, [query, ...others]: readonly Value[]): string {
  const masks = new Set([
    ...(query?.mask === undefined ? [] : [graph.add("Unsqueeze", [query.mask, graph.integers([1, 3])])]),
    ...others.flatMap(({ mask }) =>
      mask === undefined ? [] : [graph.add("Unsqueeze", [mask, graph.integers([1, 2])])],
    ),
  ]);
  if (masks.size === 0) return scores;
  const mask = [...masks].reduce((all, one) => graph.add("And", [all, one]));
  return graph.add("Where", [mask, scores, graph.number(-1e9)]);
}

/** [batch, steps, features] to [batch, steps, heads, size]. */
function projected(call: LayerCall, place: number, input: Value, size: number): string {
  const { config, graph } = call;
  const count = integer(config, "num_heads");
  const features = knownSize(input, -1);
  const hasBias = flag(config, "use_bias", true);
  const kernel = weightAt(call, hasBias ? 2 * place : place, [features, count, size]);
  const matrix = graph.weight(kernel.data, "matrix", () => ({ shape: [features, count * size], data: kernel.data }));
  const product = graph.add("MatMul", [input.name, matrix]);
  const split = graph.add("Reshape", [product, graph.integers([0, 0, count, size])]);
  return hasBias ? graph.add("Add", [split, plainWeight(graph, weightAt(call, 2 * place + 1, [count, size]))]) : split;
}

function heads(graph: OnnxGraph, name: string, perm: readonly number[]): string {
  return graph.add("Transpose", [name], { perm });
}

/** All heads together become features again: as many as the query has, unless the layer says otherwise. */
function output(call: LayerCall, query: Value, mixed: string, size: number): Value {
  const { config, graph } = call;
  const given = [config["output_shape"] ?? knownSize(query, -1)].flat();
  const features = Number(given[0]);
  if (given.length !== 1 || !Number.isSafeInteger(features))
    throw new NotExportedError("its output_shape is not exported");
  const count = integer(config, "num_heads");
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
