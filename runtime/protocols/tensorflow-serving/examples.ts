import { type JsonObject, type JsonValue, itemsOf, member } from "../json/value.ts";
import { base64Bytes, isBase64Object } from "./tensors/elements.ts";
import { faults } from "./faults.ts";
import { quoted, typeName } from "./tensors/json-text.ts";

/** Checks the body of a classify or regress request in TensorFlow Serving's order; throws its fault. */
export function checkExamples(root: JsonObject): void {
  const context = member(root, "context");
  if (context !== undefined) checkExample(context);
  const examples = member(root, "examples");
  if (examples === undefined) throw faults.ExamplesMissing({ json: quoted(root) });
  if (examples.kind !== "array" && examples.kind !== "numbers") throw faults.ExamplesNotList({ json: quoted(root) });
  const items = itemsOf(examples);
  if (items.length === 0) throw faults.ExamplesEmpty({ json: quoted(root) });
  for (const example of items) checkExample(example);
}

function checkExample(example: JsonValue): void {
  if (example.kind !== "object") throw faults.ExampleNotObject({ type: typeName(example) });
  for (const [feature, content] of example.members) checkFeature(feature, content);
}

type FeatureKind = "int64" | "float" | "bytes";

function checkFeature(feature: string, content: JsonValue): void {
  const values = content.kind === "array" || content.kind === "numbers" ? itemsOf(content) : [content];
  let expected: FeatureKind | undefined;
  for (const value of values) {
    const kind = featureKind(feature, value);
    expected ??= kind;
    if (kind !== expected) throw faults.FeatureMixed({ feature, expected });
    const isUnsigned = value.kind === "number" && value.integer !== undefined && value.integer >= 2n ** 63n;
    if (isUnsigned) throw faults.FeatureUnsigned({ feature });
  }
}

function featureKind(feature: string, value: JsonValue): FeatureKind {
  switch (value.kind) {
    case "boolean":
      return "int64";
    case "number":
      return value.integer === undefined ? "float" : "int64";
    case "string":
      return "bytes";
    case "object":
      if (!isBase64Object(value)) break;
      base64Bytes(value);
      return "bytes";
    case "null":
    case "array":
    case "numbers":
  }
  throw faults.FeatureType({ feature, type: typeName(value) });
}
