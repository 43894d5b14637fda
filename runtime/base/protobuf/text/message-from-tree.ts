import type { FieldShape, MessageType } from "../message.ts";
import { protoName } from "../message.ts";
import type { ScalarKind, ScalarValues } from "../scalars.ts";
import { type Member, type ObjectTree, TextError, type Tree } from "./syntax-tree.ts";

/** How a syntax tree becomes a message. */
export interface TextOptions {
  /** `text`: maps are lists of entries with key and value; `json`: maps are objects. */
  readonly notation: "text" | "json";
  /** Skips fields that the message does not have instead of refusing them. */
  readonly ignoresUnknownFields?: boolean;
}

/** Builds a message from a syntax tree. Throws TextError with the position of the error. */
export function messageFromTree<M extends object>(type: MessageType<M>, tree: ObjectTree, options: TextOptions): M {
  return fieldsFromTree(type, tree, options) as M; // every field of the type is set, with its own kind
}

type Values = Record<string, unknown>;

function fieldsFromTree(type: MessageType<object>, tree: ObjectTree, options: TextOptions): Values {
  const values: Values = {};
  const groups = new Map<string, string>();
  for (const [key, field] of Object.entries(type.fields)) values[key] = field.empty();
  const seen = new Set<string>();
  for (const member of tree.members) {
    const key = keyOf(type, member.name);
    const shape = key === undefined ? undefined : type.fields[key]?.shape;
    if (key === undefined || shape === undefined) {
      if (options.ignoresUnknownFields === true) continue;
      const known = Object.keys(type.fields).map(protoName).join(", ");
      throw new TextError(`${typeName(type)} has no field "${member.name}"; it has ${known}`, member.at);
    }
    checkOnce(member, { shape, key, seen, groups });
    values[key] = valueAfter(values[key], shape, { member, options });
  }
  return values;
}

/** Accepts both names of a field: that of the `.proto` file and that of JSON. */
function keyOf(type: MessageType<object>, name: string): string | undefined {
  return Object.keys(type.fields).find((key) => key === name || protoName(key) === name);
}

function typeName({ name }: MessageType<object>): string {
  return name.split(".").at(-1) ?? name;
}

interface Occurrence {
  readonly shape: FieldShape;
  readonly key: string;
  readonly seen: Set<string>;
  /** The member that was given, by oneof. */
  readonly groups: Map<string, string>;
}

function checkOnce({ name, at }: Member, { shape, key, seen, groups }: Occurrence): void {
  if (shape.label !== "repeated" && shape.label !== "map" && seen.has(key)) {
    throw new TextError(`field "${name}" stands here a second time; it may stand once`, at);
  }
  seen.add(key);
  if (shape.oneof === undefined) return;
  const other = groups.get(shape.oneof);
  if (other !== undefined) throw new TextError(`field "${name}" stands beside "${other}"; only one of them may`, at);
  groups.set(shape.oneof, name);
}

interface Given {
  readonly member: Member;
  readonly options: TextOptions;
}

function valueAfter(before: unknown, shape: FieldShape, { member, options }: Given): unknown {
  const { value, name } = member;
  if (shape.label === "map")
    return new Map([...(before as ReadonlyMap<string, unknown>), ...entriesOf(value, shape, options)]); // made by `empty` of a map
  if (shape.label !== "repeated") return singleValue(name, value, shape, options);
  const items = value.kind === "list" ? value.items : [value];
  return [...(before as readonly unknown[]), ...items.map((item) => singleValue(name, item, shape, options))]; // made by `empty` of a list
}

function entriesOf(value: Tree, shape: FieldShape, options: TextOptions): readonly (readonly [string, unknown])[] {
  if (value.kind === "list") return value.items.flatMap((item) => entriesOf(item, shape, options));
  if (value.kind !== "object") throw new TextError(`${described(value)} stands for an entry of a map`, value.at);
  if (options.notation === "json") {
    return value.members.map(({ name, value: item }) => [name, singleValue(name, item, shape, options)]);
  }
  const { key, value: item } = Object.fromEntries(value.members.map((entry) => [entry.name, entry.value] as const));
  if (key?.kind !== "string") throw new TextError("an entry of the map has no key", value.at);
  if (item === undefined) throw new TextError(`the entry "${key.text}" of the map has no value`, value.at);
  return [[key.text, singleValue(key.text, item, shape, options)]];
}

function singleValue(name: string, tree: Tree, shape: FieldShape, options: TextOptions): unknown {
  const { kind, message } = shape;
  if (kind === "message") {
    if (tree.kind !== "object") throw new TextError(`${name} is ${described(tree)}; must be a message`, tree.at);
    return message === undefined ? {} : fieldsFromTree(message(), tree, options);
  }
  if (tree.kind !== "string" && tree.kind !== "word") {
    throw new TextError(`${name} is ${described(tree)}; must be ${kindNames[kind]}`, tree.at);
  }
  const value = scalarValue(tree.text, tree.kind, shape, options);
  if (value === undefined) throw new TextError(`${name} is ${described(tree)}; must be ${kindNames[kind]}`, tree.at);
  return value;
}

const kindNames: Readonly<Record<ScalarKind, string>> = {
  double: "a number",
  float: "a number",
  int32: "a whole number",
  uint32: "a whole number from 0 on",
  fixed32: "a whole number from 0 on",
  enum: "one of the enumeration's names",
  safe64: "a whole number",
  int64: "a whole number",
  uint64: "a whole number from 0 on",
  bool: "true or false",
  string: "a string",
  bytes: "a string",
};

type Scalar = ScalarValues[ScalarKind];

/** In JSON, 64-bit numbers may be strings, bytes are base64 and enumerations are strings; in text format all are words. */
function scalarValue(
  text: string,
  kind: "string" | "word",
  shape: FieldShape,
  options: TextOptions,
): Scalar | undefined {
  const isJson = options.notation === "json";
  switch (shape.kind) {
    case "string":
      return kind === "string" ? text : undefined;
    case "bytes":
      return kind === "string" ? Buffer.from(text, isJson ? "base64" : "utf8") : undefined;
    case "enum":
      return shape.enumeration?.values[text] ?? wholeNumber(text, -(2 ** 31), 2 ** 31 - 1);
    case "message":
      return undefined;
    default:
      return kind === "string" && !isJson ? undefined : numberOrTruth(text, shape.kind);
  }
}

function numberOrTruth(text: string, kind: Exclude<ScalarKind, "string" | "bytes" | "enum">): Scalar | undefined {
  switch (kind) {
    case "bool":
      return truths[text];
    case "double":
    case "float":
      return floatNumber(text);
    case "int32":
      return wholeNumber(text, -(2 ** 31), 2 ** 31 - 1);
    case "uint32":
    case "fixed32":
      return wholeNumber(text, 0, 2 ** 32 - 1);
    case "safe64":
      return wholeNumber(text, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    case "int64":
      return bigNumber(text, -(2n ** 63n), 2n ** 63n - 1n);
    case "uint64":
      return bigNumber(text, 0n, 2n ** 64n - 1n);
  }
}

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  True: true,
  t: true,
  "1": true,
  false: false,
  False: false,
  f: false,
  "0": false,
};

function wholeNumber(text: string, min: number, max: number): number | undefined {
  const value = bigNumber(text, BigInt(min), BigInt(max));
  return value === undefined ? undefined : Number(value);
}

/** Parses decimal, hexadecimal (`0x`) and octal (leading zero) numbers. */
function bigNumber(text: string, min: bigint, max: bigint): bigint | undefined {
  const [, sign, digits] = /^(-?)(\d+|0[xX][0-9a-fA-F]+)$/.exec(text) ?? [];
  if (digits === undefined || /^0\d*[89]/.test(digits)) return undefined;
  const size = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = sign === "-" ? -size : size;
  return value >= min && value <= max ? value : undefined;
}

function floatNumber(text: string): number | undefined {
  const word = /^(-?)(?:inf|infinity)$/i.exec(text);
  if (word !== null) return word[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^-?nan$/i.test(text)) return Number.NaN;
  const value = /^-?(?:\d|\.\d)/.test(text) ? Number(text.replace(/[fF]$/, "")) : Number.NaN;
  return Number.isNaN(value) ? undefined : value;
}

function described(tree: Tree): string {
  switch (tree.kind) {
    case "object":
      return "a message";
    case "list":
      return "a list";
    case "string":
      return JSON.stringify(tree.text);
    case "word":
      return tree.text;
  }
}
