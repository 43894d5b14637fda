import { WireReader } from "../../../../base/protobuf/wire-reader.ts";
import type { WireWriter } from "../../../../base/protobuf/wire-writer.ts";
import { attributeOf } from "../graph-traversal.ts";
import { AttributeProto, attributeTypes, ModelProto, NodeProto } from "../onnx-proto.ts";
import { copyFields, withGraph, writeMessage } from "./wire-copy.ts";

/** Field numbers of onnx.proto. */
const fields = { graphNode: 1, nodeAttribute: 5 } as const;
/** Part of glibc itself since 2.35. It changes the case of letters as en_US does. */
const builtIn = Buffer.from("C.UTF-8");

/**
 * Lets each StringNormalizer use a locale that every Linux has. Its default is en_US, which slim images lack, and ONNX Runtime
 * refuses a model whose locale is not installed. `bytes` are those of the model. Other locales are unchanged, as are all other bytes.
 */
export function withBuiltInLocale(
  bytes: Uint8Array<ArrayBuffer>,
  { graph }: ModelProto,
  platform: NodeJS.Platform = process.platform,
): Uint8Array<ArrayBuffer> {
  if (platform !== "linux" || graph?.node.some(usesAmericanLocale) !== true) return bytes;
  return withGraph(bytes, copyGraph);
}

function usesAmericanLocale(node: NodeProto): boolean {
  const locale = attributeOf(node, "locale")?.s;
  const name = locale === undefined ? "" : Buffer.from(locale).toString();
  return node.opType === "StringNormalizer" && /^(en_US(\..*)?)?$/.test(name);
}

function copyGraph(bytes: Uint8Array, writer: WireWriter): void {
  copyFields(new WireReader(bytes), writer, (number, node) => {
    if (number !== fields.graphNode || !usesAmericanLocale(NodeProto.decode(node))) return false;
    return writeMessage(writer, number, () => copyNode(node, writer));
  });
}

function copyNode(bytes: Uint8Array, writer: WireWriter): void {
  copyFields(new WireReader(bytes), writer, (number, attribute) => {
    return number === fields.nodeAttribute && AttributeProto.decode(attribute).name === "locale";
  });
  const locale = { name: "locale", s: builtIn, type: attributeTypes.string };
  writeMessage(writer, fields.nodeAttribute, () => AttributeProto.write(locale, writer));
}
