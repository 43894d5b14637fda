import {
  type ListTree,
  type Member,
  type ObjectTree,
  type ScalarTree,
  TextReader,
  TextError,
  type Tree,
  maxTextDepth,
} from "./syntax-tree.ts";

/** Parses protobuf's text format (protobuf.dev, "Text Format Language"). Throws TextError. */
export function textFormatTree(text: string): ObjectTree {
  const reader = new TextReader(text.replace(/^\uFEFF/, ""));
  const { at } = reader;
  const members = readMembers(reader, "", 0);
  return { kind: "object", members, at };
}

const space = /(?:[\s]|#[^\n]*)+/y;
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y;
const number = /-?\s*(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?|[A-Za-z_][A-Za-z0-9_]*)/y;
const closing: Readonly<Record<string, string>> = { "{": "}", "<": ">" };

function readMembers(reader: TextReader, end: string, depth: number): readonly Member[] {
  if (depth > maxTextDepth) throw new TextError(`nested deeper than ${maxTextDepth} levels`, reader.at);
  const members: Member[] = [];
  for (;;) {
    reader.take(space);
    if (end === "" ? reader.isAtEnd : reader.next === end) break;
    const { at } = reader;
    const name = reader.take(identifier);
    if (name === undefined)
      throw reader.refusal(end === "" ? "the name of a field" : `the name of a field or "${end}"`);
    members.push({ name, value: readFieldValue(reader, depth), at });
    reader.take(space);
    reader.take(/[,;]/y);
  }
  return members;
}

/** A message or a list of messages may follow its field name directly; scalars need a colon. */
function readFieldValue(reader: TextReader, depth: number): Tree {
  reader.take(space);
  const hasColon = reader.take(/:/y) !== undefined;
  reader.take(space);
  if (reader.next in closing) return readObject(reader, depth);
  if (reader.next === "[") return readList(reader, depth);
  if (!hasColon) throw reader.refusal('":" or "{"');
  return readScalar(reader);
}

function readObject(reader: TextReader, depth: number): ObjectTree {
  const { at } = reader;
  const end = closing[reader.expect("{<", '"{"')] ?? "";
  const members = readMembers(reader, end, depth + 1);
  reader.expect(end, `"${end}"`);
  return { kind: "object", members, at };
}

function readList(reader: TextReader, depth: number): ListTree {
  const { at } = reader;
  reader.expect("[", '"["');
  const items: Tree[] = [];
  reader.take(space);
  while (reader.next !== "]") {
    if (items.length > 0) reader.expect(",", '"," or "]"');
    reader.take(space);
    items.push(reader.next in closing ? readObject(reader, depth) : readScalar(reader));
    reader.take(space);
  }
  reader.expect("]", '"]"');
  return { kind: "list", items, at };
}

function readScalar(reader: TextReader): ScalarTree {
  const { at } = reader;
  if (reader.next === '"' || reader.next === "'") return { kind: "string", text: readStrings(reader), at };
  const text = reader.take(number);
  if (text === undefined) throw reader.refusal("a value");
  return { kind: "word", text: text.replace(/\s+/, ""), at };
}

/** Adjacent strings are concatenated. */
function readStrings(reader: TextReader): string {
  let text = "";
  do {
    const quote = reader.expect("\"'", "a string");
    for (;;) {
      text += reader.take(quote === '"' ? /[^"\\\n]+/y : /[^'\\\n]+/y) ?? "";
      if (reader.next === quote) break;
      if (reader.next !== "\\") throw reader.refusal(`the end of the string, ${quote}`);
      text += readEscape(reader);
    }
    reader.expect(quote, "a quote");
    reader.take(space);
  } while (reader.next === '"' || reader.next === "'");
  return text;
}

const plainEscapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "?": "?",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

function readEscape(reader: TextReader): string {
  const { at } = reader;
  const escape = reader.take(/\\(?:[0-7]{1,3}|[xX][0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^\n])/y) ?? "\\";
  const plain = plainEscapes[escape.slice(1)];
  if (plain !== undefined) return plain;
  const digits = /^[xXuU]/.test(escape.slice(1)) ? Number.parseInt(escape.slice(2), 16) : octal(escape.slice(1));
  if (!(digits <= 0x10_ff_ff)) throw new TextError(`${escape} is not an escape of protobuf's text format`, at);
  return String.fromCodePoint(digits);
}

function octal(digits: string): number {
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}
