import { float32Text, float64Text } from "../../json/number-text.ts";
import { type JsonNumber, type JsonValue, itemsOf } from "../../json/value.ts";

/** Longest quote of a request in an error message, in characters. */
const maxQuoted = 1024;
const float32Max = 3.4028234663852886e38;

/** A value of a request as error messages quote it: re-printed, objects over several lines, truncated when long. */
export function quoted(value: JsonValue): string {
  const text = value.kind === "number" ? scalarText(value) : printed(value, "");
  return text.length > maxQuoted ? `${text.slice(0, maxQuoted)}...TRUNCATED` : text;
}

/** The JSON type of a value as error messages name it. */
export function typeName(value: JsonValue): string {
  switch (value.kind) {
    case "null":
      return "Null";
    case "boolean":
      return value.value ? "True" : "False";
    case "number":
      return "Number";
    case "string":
      return "String";
    case "object":
      return "Object";
    case "array":
    case "numbers":
      return "Array";
  }
}

function printed(value: JsonValue, indent: string): string {
  switch (value.kind) {
    case "null":
      return "null";
    case "boolean":
      return String(value.value);
    case "number":
      return value.integer === undefined ? shortestText(value.value) : String(value.integer);
    case "string":
      return JSON.stringify(value.value);
    case "numbers":
      if (value.values.length > maxQuoted) return `[${value.values.length} numbers of shape ${value.shape.join("x")}]`;
      return `[${quotable(itemsOf(value), (item) => printed(item, indent)).join(", ")}]`;
    case "array":
      return `[${quotable(itemsOf(value), (item) => printed(item, indent)).join(", ")}]`;
    case "object": {
      const inner = `${indent}    `;
      const lines = quotable(value.members, ([key, item]) => `${inner}${JSON.stringify(key)}: ${printed(item, inner)}`);
      return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
    }
  }
}

/** Prints only as many elements as can be quoted. */
function quotable<Item>(items: readonly Item[], print: (item: Item) => string): readonly string[] {
  const texts: string[] = [];
  let length = 0;
  for (const item of items) {
    if (length > maxQuoted) break;
    const text = print(item);
    length += text.length;
    texts.push(text);
  }
  return texts;
}

/** A single number is quoted as the float32 that a tensor would hold. */
function scalarText({ value, integer }: JsonNumber): string {
  if (integer !== undefined) return String(integer);
  return Math.abs(value) <= float32Max ? float32Text(Math.fround(value)) : float64Text(value);
}

function shortestText(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
