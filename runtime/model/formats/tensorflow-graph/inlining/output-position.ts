import { GraphError, type OutputArgument, type SourceGraph, type SourceNode } from "../source/source-graph.ts";

/**
 * Operations with several outputs, with the names of tensorflow/core/ops: a file's own list omits operations that only functions use.
 * All others have one output or one list.
 */
const severalOutputs: Readonly<Record<string, readonly string[]>> = {
  FusedBatchNorm: ["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"],
  FusedBatchNormV2: ["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"],
  FusedBatchNormV3: ["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2", "reserve_space_3"],
  TopKV2: ["values", "indices"],
  TopK: ["values", "indices"],
  Unique: ["y", "idx"],
  UniqueV2: ["y", "idx"],
  TensorListPopBack: ["output_handle", "tensor"],
  TensorListConcatV2: ["tensor", "lengths"],
  NonMaxSuppressionV4: ["selected_indices", "valid_outputs"],
  NonMaxSuppressionV5: ["selected_indices", "selected_scores", "valid_outputs"],
  SoftmaxCrossEntropyWithLogits: ["loss", "backprop"],
  MaxPoolWithArgmax: ["output", "argmax"],
  BroadcastGradientArgs: ["r0", "r1"],
  Qr: ["q", "r"],
  Svd: ["s", "u", "v"],
};

/** The flat output index of a reference `node:argument:offset`, the form inside functions. Throws a GraphError. */
export function outputPosition(graph: SourceGraph, node: SourceNode, argument: string, offset: number): number {
  const declared =
    graph.outputsOf(node.op) ??
    (Object.hasOwn(severalOutputs, node.op) ? severalOutputs[node.op] : undefined)?.map((name) => ({ name }));
  if (declared === undefined) return offset;
  let start = 0;
  for (const output of declared) {
    if (output.name === argument) return start + offset;
    start += length(node, output);
  }
  throw new GraphError(`node "${node.name}" (${node.op}) has no output "${argument}"`);
}

function length(node: SourceNode, { lengthAttribute }: OutputArgument): number {
  if (lengthAttribute === undefined) return 1;
  const value = node.attributes.get(lengthAttribute);
  if (typeof value === "number") return value;
  if (Array.isArray(value)) return value.length;
  throw new GraphError(`node "${node.name}" (${node.op}) lacks the attribute ${lengthAttribute}`);
}
