import {
  type ListTree,
  type Member,
  type ObjectTree,
  TextReader,
  TextError,
  type Tree,
  maxTextDepth,
} from "./syntax-tree.ts";

/** Parses JSON with the position of each value. `null` counts as absent. Throws TextError. */
export function jsonTree(text: string): ObjectTree {
  const reader = new TextReader(text.replace(/^\uFEFF/, ""));
  reader.take(space);
  const tree = readObject(reader, 0);
  reader.take(space);
  if (!reader.isAtEnd) throw reader.refusal("the end of the text");
  return tree;
}

const space = /[ \t\r\n]+/y;
const string = /"(?:[^"\\\n]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const word = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

function readValue(reader: TextReader, depth: number): Tree | undefined {
  if (depth > maxTextDepth) throw new TextError(`nested deeper than ${maxTextDepth} levels`, reader.at);
  const { at } = reader;
  switch (reader.next) {
    case "{":
      return readObject(reader, depth);
    case "[":
      return readList(reader, depth);
    case '"':
      return { kind: "string", text: readString(reader, "a string"), at };
    default: {
      const text = reader.take(word);
      if (text === undefined) throw reader.refusal("a JSON value");
      return text === "null" ? undefined : { kind: "word", text, at };
    }
  }
}

function readObject(reader: TextReader, depth: number): ObjectTree {
  const { at } = reader;
  const members: Member[] = [];
  reader.expect("{", '"{"');
  reader.take(space);
  for (let isFirst = true; reader.next !== "}"; isFirst = false) {
    if (!isFirst) reader.expect(",", '"," or "}"');
    reader.take(space);
    const place = reader.at;
    const name = readString(reader, "the name of a field in quotes");
    reader.take(space);
    reader.expect(":", '":"');
    reader.take(space);
    const value = readValue(reader, depth + 1);
    if (value !== undefined) members.push({ name, value, at: place });
    reader.take(space);
  }
  reader.expect("}", '"}"');
  return { kind: "object", members, at };
}

function readList(reader: TextReader, depth: number): ListTree {
  const { at } = reader;
  const items: Tree[] = [];
  reader.expect("[", '"["');
  reader.take(space);
  for (let isFirst = true; reader.next !== "]"; isFirst = false) {
    if (!isFirst) reader.expect(",", '"," or "]"');
    reader.take(space);
    const place = reader.at;
    const item = readValue(reader, depth + 1);
    if (item === undefined) throw new TextError("null cannot stand in a list", place);
    items.push(item);
    reader.take(space);
  }
  reader.expect("]", '"]"');
  return { kind: "list", items, at };
}

function readString(reader: TextReader, expected: string): string {
  const text = reader.take(string);
  if (text === undefined) throw reader.refusal(expected);
  return String(JSON.parse(text));
}
