import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type MessageType,
  enumeration,
  inOneof,
  many,
  message,
  nested,
  optional,
  plain,
  repeated,
  scalarMapOf,
} from "../../../../../runtime/base/protobuf/message.ts";
import { jsonTree } from "../../../../../runtime/base/protobuf/text/json-format.ts";
import { messageFromTree } from "../../../../../runtime/base/protobuf/text/message-from-tree.ts";
import { textFormatTree } from "../../../../../runtime/base/protobuf/text/text-format.ts";
import { TextError } from "../../../../../runtime/base/protobuf/text/syntax-tree.ts";

const point = message("test.Point", { x: plain(1, "int32"), y: optional(2, "double") });
const shape = message("test.Shape", {
  name: plain(1, "string"),
  isClosed: plain(2, "bool"),
  points: many(3, () => point),
  tags: repeated(4, "string"),
  bigNumber: plain(5, "uint64"),
  raw: plain(6, "bytes"),
  marks: scalarMapOf(7, "safe64"),
  color: enumeration(8, { name: "test.Color", values: { RED: 0, BLUE: 1 } }),
  circle: inOneof(
    "form",
    nested(9, () => point),
  ),
  square: inOneof(
    "form",
    nested(10, () => point),
  ),
});
type Shape = ReturnType<typeof shape.decode>;
const empty: Shape = shape.decode(new Uint8Array());

function ofText(text: string): Shape {
  return messageFromTree(shape, textFormatTree(text), { notation: "text" });
}

function ofJson(text: string): Shape {
  return messageFromTree(shape, jsonTree(text), { notation: "json" });
}

/** `line:column: reason` of what is refused. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof TextError) return `${thrown.at.line}:${thrown.at.column}: ${thrown.message}`;
    throw thrown;
  }
  return "nothing is wrong";
}

const texts: Readonly<Record<string, readonly [string, Partial<Shape>]>> = {
  "nothing is an empty message": ["", {}],
  "fields, comments and separators": [
    '# a shape\nname: "box"; is_closed: true, # closed\n  tags: "a"\n',
    { name: "box", isClosed: true, tags: ["a"] },
  ],
  "messages with and without a colon, in either brackets": [
    "points { x: 1 } points: < x: -2 y: .5 > points: [{ x: 3 }, { }]",
    {
      points: [
        { x: 1, y: undefined },
        { x: -2, y: 0.5 },
        { x: 3, y: undefined },
        { x: 0, y: undefined },
      ],
    },
  ],
  "strings that follow each other are one, with escapes": [
    `name: 'it''s ' "\\"4\\x32\\" \\303\\t\\u00e9"`,
    { name: 'its "42" Ã\té' },
  ],
  "numbers of every notation": [
    "big_number: 0xffffffffffffffff points { x: 017 y: 1.5e3f } points { y: -inf }",
    {
      bigNumber: 2n ** 64n - 1n,
      points: [
        { x: 15, y: 1500 },
        { x: 0, y: Number.NEGATIVE_INFINITY },
      ],
    },
  ],
  "maps are entries": [
    "marks { key: 'a' value: 1 } marks: [{ key: 'b' value: 2 }]",
    {
      marks: new Map([
        ["a", 1],
        ["b", 2],
      ]),
    },
  ],
  "names and numbers of enumerations": ["color: BLUE", { color: 1 }],
  "lists of scalars": ['tags: ["a", "b"] tags: []', { tags: ["a", "b"] }],
  "names as JSON has them": ["isClosed: t", { isClosed: true }],
};

describe("protobuf's text format", () => {
  test.each(Object.entries(texts))("%s", (_, [text, want]) => {
    expect(ofText(text)).toEqual({ ...empty, ...want });
  });

  const refused: Readonly<Record<string, readonly [string, string]>> = {
    "an unknown field": [
      'name: "a"\n  nmae: "b"',
      '2:3: Shape has no field "nmae"; it has name, is_closed, points, tags, big_number, raw, marks, color, circle, square',
    ],
    "a field twice": ['name: "a" name: "b"', '1:11: field "name" stands here a second time; it may stand once'],
    "two members of a oneof": [
      "circle {}\nsquare {}",
      '2:1: field "square" stands beside "circle"; only one of them may',
    ],
    "a number for a text": ["name: 1", "1:7: name is 1; must be a string"],
    "a text for a number": ['points {\n  x: "1"\n}', '2:6: x is "1"; must be a whole number'],
    "a number that is too large": ["points { x: 2147483648 }", "1:13: x is 2147483648; must be a whole number"],
    "a fraction for a whole number": ["points { x: 1.5 }", "1:13: x is 1.5; must be a whole number"],
    "an octal number with a 9": ["points { x: 019 }", "1:13: x is 019; must be a whole number"],
    "a name of another enumeration": ["color: GREEN", "1:8: color is GREEN; must be one of the enumeration's names"],
    "a scalar for a message": ["points: 1", "1:9: points is 1; must be a message"],
    "a message that does not end": ["points {\n  x: 1\n", '3:1: the text ends; expected the name of a field or "}"'],
    "a string that does not end": ['name: "a\n', '1:9: found "\\n"; expected the end of the string, "'],
    "a value that is missing": ["name:", "1:6: the text ends; expected a value"],
    "a colon that is missing": ['name "a"', '1:6: found "\\""; expected ":" or "{"'],
    "a map's entry without a key": ["marks { value: 1 }", "1:7: an entry of the map has no key"],
    "what is no field": ["= 1", '1:1: found "="; expected the name of a field'],
    "a bad escape": ['name: "\\q"', "1:8: \\q is not an escape of protobuf's text format"],
    "endless nesting": ["circle {".repeat(200), "1:809: nested deeper than 100 levels"],
  };
  test.each(Object.entries(refused))("refuses %s with its position", (_, [text, want]) => {
    expect(refusal(() => ofText(text))).toBe(want);
  });

  test("skips unknown fields on request", () => {
    const terms = { notation: "text", ignoresUnknownFields: true } as const;
    const tree = textFormatTree('backend: "x" instance_group [ { count: 1 kind: KIND_GPU } ] name: "a"');
    expect(messageFromTree(shape, tree, terms)).toEqual({ ...empty, name: "a" });
  });
});

const documents: Readonly<Record<string, readonly [string, Partial<Shape>]>> = {
  "nothing is an empty message": [" {} ", {}],
  "either name of a field": [
    '{"isClosed": true, "big_number": "18446744073709551615"}',
    { isClosed: true, bigNumber: 2n ** 64n - 1n },
  ],
  "null is as if it were not there": ['{"name": null, "points": [{"x": 1}]}', { points: [{ x: 1, y: undefined }] }],
  "maps are objects": [
    '{"marks": {"a": "1", "b": 2}}',
    {
      marks: new Map([
        ["a", 1],
        ["b", 2],
      ]),
    },
  ],
  "bytes are base64, enumerations are names": [
    '{"raw": "AQI=", "color": "BLUE"}',
    { raw: Buffer.from([1, 2]), color: 1 },
  ],
  escapes: [String.raw`{"name": "a\"\u00e9\n"}`, { name: 'a"é\n' }],
};

describe("protobuf's JSON", () => {
  test.each(Object.entries(documents))("%s", (_, [text, want]) => {
    expect(ofJson(text)).toEqual({ ...empty, ...want });
  });

  const refused: Readonly<Record<string, readonly [string, string]>> = {
    "an unknown field": [
      '{"name": "a",\n "nmae": "b"}',
      '2:2: Shape has no field "nmae"; it has name, is_closed, points, tags, big_number, raw, marks, color, circle, square',
    ],
    "a comma too many": ['{"name": "a",}', '1:14: found "}"; expected the name of a field in quotes'],
    "a name without quotes": ["{name: 1}", '1:2: found "n"; expected the name of a field in quotes'],
    "what follows the document": ["{} x", '1:4: found "x"; expected the end of the text'],
    "null in a list": ['{"tags": [null]}', "1:11: null cannot stand in a list"],
    "a document that ends early": ['{"points": [', "1:13: the text ends; expected a JSON value"],
    "a bad value": ['{"isClosed": yes}', '1:14: found "y"; expected a JSON value'],
    "a text that is no number": ['{"points": [{"x": "one"}]}', '1:19: x is "one"; must be a whole number'],
  };
  test.each(Object.entries(refused))("refuses %s with its position", (_, [text, want]) => {
    expect(refusal(() => ofJson(text))).toBe(want);
  });
});

test("any text is parsed or refused with a position", () => {
  const pieces = fc.constantFrom(
    "name",
    ":",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    '"a"',
    "'",
    "1",
    "-",
    "\n",
    "#",
    ",",
    "points",
    "\\",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (words) => {
      for (const read of [ofText, ofJson]) {
        expect(refusal(() => read(words.join(" ")))).toMatch(/^(?:\d+:\d+: .+|nothing is wrong)$/);
      }
    }),
  );
  const type: MessageType<object> = shape;
  expect(type.name).toBe("test.Shape");
});
