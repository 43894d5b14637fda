import { elementTypeName } from "./element-types.ts";
import type { AttrValue, ListValue, TensorShapeProto } from "./graph-proto.ts";
import { GraphError } from "./source-graph.ts";
import type { Attribute, Attributes } from "../tensorflow-graph.ts";

const maxRank = 32;

/** The attributes of a node, without private ones; tensors and functions are read elsewhere. */
export function attributesOf(attr: ReadonlyMap<string, AttrValue>): Attributes {
  const attributes = new Map<string, Attribute>();
  for (const [name, value] of attr) if (!name.startsWith("_")) attributes.set(name, attributeOf(value));
  return attributes;
}

/** Names of the functions in a node's attributes. */
export function functionsOf(attr: ReadonlyMap<string, AttrValue>): ReadonlyMap<string, readonly string[]> {
  const functions = new Map<string, readonly string[]>();
  for (const [name, { func, list }] of attr) {
    if (func !== undefined) functions.set(name, [func.name]);
    else if (list !== undefined && list.func.length > 0) {
      functions.set(
        name,
        list.func.map(({ name }) => name),
      );
    }
  }
  return functions;
}

function attributeOf({ s, i, f, b, type, shape, list }: AttrValue): Attribute {
  if (s !== undefined) return textOf(s);
  if (i !== undefined) return Number(i);
  if (f !== undefined) return f;
  if (b !== undefined) return b;
  if (type !== undefined) return elementTypeName(type);
  if (shape !== undefined) return shapeOf(shape);
  return list === undefined ? undefined : listOf(list);
}

function listOf({ s, i, f, b, type, shape }: ListValue): Attribute {
  if (s.length > 0) return s.map(textOf);
  if (f.length > 0) return f;
  if (b.length > 0) return b;
  if (type.length > 0) return type.map(elementTypeName);
  if (shape.length > 0) return shape.map(shapeOf);
  return i.map(Number);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** A shape with -1 for unknown sizes; undefined when the rank is unknown. Throws a GraphError. */
export function shapeOf({ dim, unknownRank }: TensorShapeProto): readonly number[] | undefined {
  if (unknownRank) return undefined;
  if (dim.length > maxRank)
    throw new GraphError(`a shape has ${dim.length} dimensions; at most ${maxRank} are allowed`);
  return dim.map(({ size }) => (size < 0n ? -1 : Number(size)));
}
