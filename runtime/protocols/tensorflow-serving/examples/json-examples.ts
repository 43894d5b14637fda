import type { Draft } from "../../../base/protobuf/message.ts";
import { type JsonObject, type JsonValue, itemsOf, member } from "../../json/value.ts";
import { faults } from "../faults.ts";
import { base64Bytes, isBase64Object } from "../tensors/elements.ts";
import { quoted, typeName } from "../tensors/json-text.ts";
import { type Feature, exampleMessage, withContext } from "./example-message.ts";

/**
 * The examples of a classify or regress request as serialized `tf.Example`s, each with the features of the context merged in.
 * Checks in TensorFlow Serving's order and throws its faults.
 */
export function jsonExamples(root: JsonObject): readonly Uint8Array[] {
  const context = member(root, "context");
  const shared = context === undefined ? undefined : serialized(context);
  const examples = member(root, "examples");
  if (examples === undefined) throw faults.ExamplesMissing({ json: quoted(root) });
  if (examples.kind !== "array" && examples.kind !== "numbers") throw faults.ExamplesNotList({ json: quoted(root) });
  const items = itemsOf(examples);
  if (items.length === 0) throw faults.ExamplesEmpty({ json: quoted(root) });
  return items.map((example) => withContext(shared, serialized(example)));
}

function serialized(example: JsonValue): Uint8Array {
  if (example.kind !== "object") throw faults.ExampleNotObject({ type: typeName(example) });
  const feature = new Map<string, Draft<Feature>>();
  for (const [name, content] of example.members) {
    if (!feature.has(name)) feature.set(name, featureOf(name, content));
  }
  return exampleMessage.encode({ features: { feature } });
}

type Kind = "int64" | "float" | "bytes";

function featureOf(feature: string, content: JsonValue): Draft<Feature> {
  const values = content.kind === "array" || content.kind === "numbers" ? itemsOf(content) : [content];
  const kind = commonKind(feature, values);
  return kind === undefined ? {} : lists[kind](values);
}

const lists: Readonly<Record<Kind, (values: readonly JsonValue[]) => Draft<Feature>>> = {
  int64: (values) => ({ int64List: { value: BigInt64Array.from(values, wholeNumber) } }),
  float: (values) => ({ floatList: { value: Float32Array.from(values, decimalNumber) } }),
  bytes: (values) => ({ bytesList: { value: values.map(bytesOf) } }),
};

/** The kind of the first element, which all others must have; `undefined` for an empty feature. */
function commonKind(feature: string, values: readonly JsonValue[]): Kind | undefined {
  let expected: Kind | undefined;
  for (const value of values) {
    const kind = kindOf(feature, value);
    expected ??= kind;
    if (kind !== expected) throw faults.FeatureMixed({ feature, expected });
    const isUnsigned = value.kind === "number" && value.integer !== undefined && value.integer >= 2n ** 63n;
    if (isUnsigned) throw faults.FeatureUnsigned({ feature });
  }
  return expected;
}

function kindOf(feature: string, value: JsonValue): Kind {
  switch (value.kind) {
    case "boolean":
      return "int64";
    case "number":
      return value.integer === undefined ? "float" : "int64";
    case "string":
      return "bytes";
    case "object":
      if (!isBase64Object(value)) break;
      return "bytes";
    case "null":
    case "array":
    case "numbers":
  }
  throw faults.FeatureType({ feature, type: typeName(value) });
}

function wholeNumber(value: JsonValue): bigint {
  if (value.kind === "boolean") return value.value ? 1n : 0n;
  return value.kind === "number" ? (value.integer ?? 0n) : 0n;
}

function decimalNumber(value: JsonValue): number {
  return value.kind === "number" ? value.value : Number.NaN;
}

function bytesOf(value: JsonValue): Uint8Array {
  if (value.kind === "object") return base64Bytes(value);
  return Buffer.from(value.kind === "string" ? value.value : "");
}
