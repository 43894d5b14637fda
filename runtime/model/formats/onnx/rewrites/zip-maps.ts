import { WireReader } from "../../../../base/protobuf/wire-reader.ts";
import type { WireWriter } from "../../../../base/protobuf/wire-writer.ts";
import { attributeOf } from "../graph-traversal.ts";
import { dataTypes, type GraphProto, ModelProto, NodeProto, ValueInfoProto } from "../onnx-proto.ts";
import { copyFields, withGraph, writeMessage } from "./wire-copy.ts";

/** Field numbers of onnx.proto. */
const fields = { graphNode: 1, graphOutput: 12 } as const;
/** The operator set for a model without one of ai.onnx; any has Identity. */
const opset = 13;

/**
 * Replaces each ZipMap whose maps from class to score are an output of the model by its input, a float32 tensor of one column per
 * class in the node's order. `bytes` are those of the model. Converters of scikit-learn and LightGBM add a ZipMap to every classifier
 * by default, and no protocol has maps. All other bytes are unchanged.
 */
export function withoutZipMaps(
  bytes: Uint8Array<ArrayBuffer>,
  { graph, opsetImport }: ModelProto,
): Uint8Array<ArrayBuffer> {
  const scores = graph === undefined ? new Map<string, readonly (number | undefined)[]>() : zippedOutputs(graph);
  if (scores.size === 0) return bytes;
  const hasIdentity = opsetImport.some(({ domain }) => domain === "" || domain === "ai.onnx");
  return withGraph(
    bytes,
    (value, writer) => copyGraph(value, writer, scores),
    hasIdentity ? undefined : (writer) => ModelProto.write({ opsetImport: [{ version: opset }] }, writer),
  );
}

/** Shapes of the scores by the name of the output: rows as in the first input, and a column per class. */
function zippedOutputs(graph: GraphProto): ReadonlyMap<string, readonly (number | undefined)[]> {
  const { node, input, output, initializer } = graph;
  const weights = new Set(initializer.map(({ name }) => name));
  const first = input.find(({ name }) => !weights.has(name));
  const rows = first?.type?.tensorType?.shape?.dim[0]?.dimValue;
  const names = new Set(output.map(({ name }) => name));
  return new Map(
    node.filter(isZipMap).flatMap((zipMap) => {
      const [name = ""] = zipMap.output;
      const labels = attributeOf(zipMap, "classlabels_strings")?.strings ?? [];
      const numbers = attributeOf(zipMap, "classlabels_int64s")?.ints ?? [];
      const classes = Math.max(labels.length, numbers.length);
      return names.has(name) && classes > 0 ? [[name, [rows, classes]] as const] : [];
    }),
  );
}

function isZipMap({ opType, domain }: NodeProto): boolean {
  return opType === "ZipMap" && domain === "ai.onnx.ml";
}

function copyGraph(bytes: Uint8Array, writer: WireWriter, scores: ReturnType<typeof zippedOutputs>): void {
  copyFields(new WireReader(bytes), writer, (number, value) => {
    if (number === fields.graphNode) {
      const node = NodeProto.decode(value);
      if (!isZipMap(node) || !scores.has(node.output[0] ?? "")) return false;
      const { input, output, name } = node;
      return writeMessage(writer, number, () => NodeProto.write({ opType: "Identity", input, output, name }, writer));
    }
    if (number !== fields.graphOutput) return false;
    const { name } = ValueInfoProto.decode(value);
    const dim = scores.get(name)?.map((size) => (size === undefined ? {} : { dimValue: size }));
    if (dim === undefined) return false;
    const type = { tensorType: { elemType: dataTypes.float32, shape: { dim } } };
    return writeMessage(writer, number, () => ValueInfoProto.write({ name, type }, writer));
  });
}
