import { many, mapOf, message, nested, optional, plain, repeated } from "../../../../base/protobuf/message.ts";

/** Messages of tensorflow/core/framework for graphs, without the fields that are not needed. */

const dim = message("tensorflow.TensorShapeProto.Dim", { size: plain(1, "int64") });
/** A shape; a size of -1 is unknown. */
export const tensorShapeProto = message("tensorflow.TensorShapeProto", {
  dim: many(2, () => dim),
  unknownRank: plain(3, "bool"),
});
/** A decoded shape. */
export type TensorShapeProto = ReturnType<(typeof tensorShapeProto)["decode"]>;

/**
 * A constant in a graph: `tensorContent` as little-endian bytes, or the list for its type. A list that is too short repeats its last
 * value.
 */
export const tensorProto = message("tensorflow.TensorProto", {
  dtype: plain(1, "enum"),
  tensorShape: nested(2, () => tensorShapeProto),
  tensorContent: plain(4, "bytes"),
  halfVal: repeated(13, "int32"),
  floatVal: repeated(5, "float"),
  doubleVal: repeated(6, "double"),
  intVal: repeated(7, "int32"),
  stringVal: repeated(8, "bytes"),
  int64Val: repeated(10, "int64"),
  boolVal: repeated(11, "bool"),
  uint32Val: repeated(16, "uint32"),
  uint64Val: repeated(17, "uint64"),
});
/** A decoded constant. */
export type TensorProto = ReturnType<(typeof tensorProto)["decode"]>;

const nameAttrList = message("tensorflow.NameAttrList", { name: plain(1, "string") });

const listValue = message("tensorflow.AttrValue.ListValue", {
  s: repeated(2, "bytes"),
  i: repeated(3, "int64"),
  f: repeated(4, "float"),
  b: repeated(5, "bool"),
  type: repeated(6, "enum"),
  shape: many(7, () => tensorShapeProto),
  func: many(9, () => nameAttrList),
});
/** A decoded list attribute; only one of its fields has elements. */
export type ListValue = ReturnType<(typeof listValue)["decode"]>;

/** A oneof: at most one field is set. */
const attrValue = message("tensorflow.AttrValue", {
  list: nested(1, () => listValue),
  s: optional(2, "bytes"),
  i: optional(3, "int64"),
  f: optional(4, "float"),
  b: optional(5, "bool"),
  type: optional(6, "enum"),
  shape: nested(7, () => tensorShapeProto),
  tensor: nested(8, () => tensorProto),
  func: nested(10, () => nameAttrList),
});
/** A decoded attribute value. */
export type AttrValue = ReturnType<(typeof attrValue)["decode"]>;

const nodeDef = message("tensorflow.NodeDef", {
  name: plain(1, "string"),
  op: plain(2, "string"),
  input: repeated(3, "string"),
  attr: mapOf(5, () => attrValue),
});
/** One call of an operation. An input is `node`, `node:index`, or `^node` for a control dependency. */
export type NodeDef = ReturnType<(typeof nodeDef)["decode"]>;

const argDef = message("tensorflow.OpDef.ArgDef", {
  name: plain(1, "string"),
  numberAttr: plain(5, "string"),
  typeListAttr: plain(6, "string"),
});
/**
 * The arguments of an operation or function; `numberAttr` and `typeListAttr` name the attribute with the number of tensors in an
 * argument.
 */
export const opDef = message("tensorflow.OpDef", {
  name: plain(1, "string"),
  inputArg: many(2, () => argDef),
  outputArg: many(3, () => argDef),
});
/** The decoded arguments of an operation or function. */
export type OpDef = ReturnType<(typeof opDef)["decode"]>;

/** An entry of `map<string, string>`. */
const nameToName = message("tensorflow.FunctionDef.RetEntry", { key: plain(1, "string"), value: plain(2, "string") });
/** A function of a graph; `ret` maps each result to a tensor in it. */
export const functionDef = message("tensorflow.FunctionDef", {
  signature: nested(1, () => opDef),
  nodeDef: many(3, () => nodeDef),
  ret: many(4, () => nameToName),
});
/** A decoded function of a graph. */
export type FunctionDef = ReturnType<(typeof functionDef)["decode"]>;

/** Decodes only the name: most functions of a library are for training or saving and are never decoded. */
export const functionHead = message("tensorflow.FunctionDef", {
  signature: nested(1, () => message("tensorflow.OpDef", { name: plain(1, "string") })),
});

const functionDefLibrary = message("tensorflow.FunctionDefLibrary", { function: repeated(1, "bytes") });

/** A graph; the functions of its library stay encoded until they are used. */
export const graphDef = message("tensorflow.GraphDef", {
  node: many(1, () => nodeDef),
  library: nested(2, () => functionDefLibrary),
});
/** A decoded graph. */
export type GraphDef = ReturnType<(typeof graphDef)["decode"]>;
