import { attributeOf } from "./graph-traversal.ts";
import type { GraphProto, NodeProto } from "./onnx-proto.ts";
import { tensorValue } from "./tensor-values.ts";

/** The integers of a value that is a constant in these graphs (the innermost last); `undefined` for other values. */
export function constantAt(name: string, graphs: readonly GraphProto[]): readonly number[] | undefined {
  const value = constantTensor(name, graphs);
  return value?.dtype === "int64" || value?.dtype === "int32" ? Array.from(value.data, Number) : undefined;
}

/** The tensor of a value that is an initializer or the output of a Constant node; `undefined` for other values. */
export function constantTensor(name: string, graphs: readonly GraphProto[]): ReturnType<typeof tensorValue> {
  for (const graph of graphs.toReversed()) {
    const initializer = graph.initializer.find((tensor) => tensor.name === name);
    if (initializer !== undefined) return tensorValue(initializer);
    const producer = graph.node.find(({ output }) => output.includes(name));
    if (producer !== undefined) return producer.opType === "Constant" ? constantOf(producer) : undefined;
  }
  return undefined;
}

function constantOf(node: NodeProto): ReturnType<typeof tensorValue> {
  const value = attributeOf(node, "value")?.t;
  if (value !== undefined) return tensorValue(value);
  const ints = attributeOf(node, "value_int")?.i ?? attributeOf(node, "value_ints")?.ints;
  if (ints === undefined) return undefined;
  const data = BigInt64Array.from(typeof ints === "bigint" ? [ints] : ints);
  return { dtype: "int64", shape: [data.length], data };
}
