import { WireReader } from "../../../base/protobuf/wire-reader.ts";
import { WireWriter } from "../../../base/protobuf/wire-writer.ts";
import { AttributeProto, dataTypes, GraphProto, NodeProto, TensorProto, ValueInfoProto } from "./onnx-proto.ts";
import { copyFields, writeMessage } from "./wire-copy.ts";

/** Numbers of fields in onnx.proto. */
const fields = {
  modelGraph: 7,
  modelFunctions: 25,
  functionNode: 7,
  graphNode: 1,
  graphInitializer: 5,
  graphOutput: 12,
  nodeAttribute: 5,
  attributeGraph: 6,
} as const;

/** Rounds that a loop may take, by the name of its first output. */
export type LoopLimits = ReadonlyMap<string, number>;

/**
 * The model with a check in the bodies of these loops: the call fails when one goes on for longer. ONNX Runtime cannot be
 * stopped from outside, and what a request holds may decide how long a loop takes. All other bytes stay as they are.
 */
export function withLoopLimits(bytes: Uint8Array, limits: LoopLimits): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter(bytes.length + 1024);
  copyFields(new WireReader(bytes), writer, (number, value) => {
    if (number === fields.modelGraph) return writeMessage(writer, number, () => copyGraph(value, writer, limits));
    if (number !== fields.modelFunctions) return false;
    return writeMessage(writer, number, () => copyNodes(value, writer, fields.functionNode, limits));
  });
  return Uint8Array.from(writer.written);
}

function copyGraph(bytes: Uint8Array, writer: WireWriter, limits: LoopLimits): void {
  copyNodes(bytes, writer, fields.graphNode, limits);
}

function copyNodes(bytes: Uint8Array, writer: WireWriter, nodeField: number, limits: LoopLimits): void {
  copyFields(new WireReader(bytes), writer, (number, node) => {
    if (number !== nodeField) return false;
    const { attribute, opType, output } = NodeProto.decode(node);
    if (attribute.every(({ g }) => g === undefined)) return false;
    const limit = opType === "Loop" ? limits.get(output[0] ?? "") : undefined;
    return writeMessage(writer, number, () => copyNode(node, writer, limits, limit));
  });
}

/** `limit`: the graph of the node is the body of a loop that shall have one. */
function copyNode(bytes: Uint8Array, writer: WireWriter, limits: LoopLimits, limit: number | undefined): void {
  copyFields(new WireReader(bytes), writer, (number, attribute) => {
    if (number !== fields.nodeAttribute || AttributeProto.decode(attribute).g === undefined) return false;
    return writeMessage(writer, number, () => {
      copyFields(new WireReader(attribute), writer, (inner, graph) => {
        if (inner !== fields.attributeGraph) return false;
        return writeMessage(writer, inner, () => {
          if (limit === undefined) copyGraph(graph, writer, limits);
          else copyBody(graph, writer, limits, limit);
        });
      });
    });
  });
}

/** The first input of a body is the number of the round, its first output whether there is another. */
function copyBody(bytes: Uint8Array, writer: WireWriter, limits: LoopLimits, limit: number): void {
  const { input, output } = GraphProto.decode(bytes);
  const [round, goesOn] = [input[0]?.name ?? "", output[0]?.name ?? ""];
  const name = (what: string): string => `modelwright/${what}/${goesOn}`;
  const inner = new WireWriter(bytes.length + 1024);
  copyGraph(bytes, inner, limits);
  let outputs = 0;
  copyFields(new WireReader(inner.written), writer, (number, value) => {
    if (number !== fields.graphOutput || outputs++ > 0) return false;
    const { type } = ValueInfoProto.decode(value);
    return writeMessage(writer, number, () => ValueInfoProto.write({ name: name("next"), type }, writer));
  });
  const nodes = [
    { opType: "GreaterOrEqual", input: [round, name("limit")], output: [name("over")] },
    { opType: "Cast", input: [name("over")], output: [name("index")], attribute: [{ name: "to", i: 7n, type: 2 }] },
    // There is one element: the second is out of bounds, and the call fails with the name of this node.
    {
      opType: "Gather",
      input: [name("true"), name("index")],
      output: [name("within")],
      name: `a loop takes more than ${limit} rounds`,
    },
    { opType: "And", input: [goesOn, name("within")], output: [name("next")] },
  ];
  for (const node of nodes) writeMessage(writer, fields.graphNode, () => NodeProto.write(node, writer));
  const tensors = [
    { name: name("limit"), dims: [], dataType: dataTypes.int64, rawData: bytesOf(limit) },
    { name: name("true"), dims: [1], dataType: dataTypes.bool, rawData: Uint8Array.of(1) },
  ];
  for (const tensor of tensors) writeMessage(writer, fields.graphInitializer, () => TensorProto.write(tensor, writer));
}

function bytesOf(limit: number): Uint8Array {
  return new Uint8Array(BigInt64Array.of(BigInt(limit)).buffer);
}
