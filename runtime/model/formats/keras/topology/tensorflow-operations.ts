import { entriesOf, isList, isObject, type Json, type JsonObject, textAt } from "./json-config.ts";

/** A call of an operation in Keras 3's notation. */
interface OperationCall {
  /** As a class of `keras.ops` is called. */
  readonly className: string;
  readonly call: JsonObject;
}

/** An operation of Keras 3, the name of its first argument there, and of those that are given by name. */
type Translation = readonly [className: string, first: string, named?: Readonly<Record<string, string>>];

const two = (className: string): Translation => [className, "x1", { y: "x2" }];
const one = (className: string): Translation => [className, "x"];
const reduction = (className: string): Translation => [className, "x", { axis: "axis", keepdims: "keepdims" }];

/** Functions of TensorFlow that Keras 2 writes as layers. */
const functions: Readonly<Record<string, Translation>> = {
  "__operators__.add": two("Add"),
  "__operators__.getitem": ["GetItem", "x", { slice_spec: "key" }],
  "math.add": two("Add"),
  "math.subtract": two("Subtract"),
  "math.multiply": two("Multiply"),
  "math.truediv": two("TrueDivide"),
  "math.divide": two("Divide"),
  "math.maximum": two("Maximum"),
  "math.minimum": two("Minimum"),
  "math.pow": two("Power"),
  "math.greater": two("Greater"),
  "math.greater_equal": two("GreaterEqual"),
  "math.less": two("Less"),
  "math.less_equal": two("LessEqual"),
  "math.equal": two("Equal"),
  "math.not_equal": two("NotEqual"),
  "math.logical_and": two("LogicalAnd"),
  "math.logical_or": two("LogicalOr"),
  "math.logical_not": one("LogicalNot"),
  "math.abs": one("Absolute"),
  "math.negative": one("Negative"),
  "math.square": one("Square"),
  "math.sqrt": one("Sqrt"),
  "math.rsqrt": one("Rsqrt"),
  "math.exp": one("Exp"),
  "math.log": one("Log"),
  "math.sigmoid": one("Sigmoid"),
  "math.tanh": one("Tanh"),
  "math.softplus": one("Softplus"),
  "nn.relu": one("Relu"),
  "nn.relu6": one("Relu6"),
  "nn.silu": one("Silu"),
  "nn.elu": one("Elu"),
  "nn.selu": one("Selu"),
  "nn.softmax": ["Softmax", "x", { axis: "axis" }],
  "math.reduce_sum": reduction("Sum"),
  "math.reduce_mean": reduction("Mean"),
  "math.reduce_max": reduction("Max"),
  "math.reduce_min": reduction("Min"),
  "math.reduce_prod": reduction("Prod"),
  "math.l2_normalize": ["Normalize", "x", { axis: "axis" }],
  "linalg.matmul": ["Matmul", "x1", { b: "x2" }],
  clip_by_value: ["Clip", "x", { clip_value_min: "x_min", clip_value_max: "x_max" }],
  cast: ["Cast", "x", { dtype: "dtype" }],
  concat: ["Concatenate", "xs", { axis: "axis" }],
  split: ["Split", "x", { num_or_size_splits: "indices_or_sections", axis: "axis" }],
  stack: ["Stack", "x", { axis: "axis" }],
  reshape: ["Reshape", "x", { shape: "newshape" }],
  transpose: ["Transpose", "x", { perm: "axes" }],
  "compat.v1.transpose": ["Transpose", "x", { perm: "axes" }],
  expand_dims: ["ExpandDims", "x", { axis: "axis" }],
  squeeze: ["Squeeze", "x", { axis: "axis" }],
  "compat.v1.squeeze": ["Squeeze", "x", { axis: "axis" }],
};

/** Arguments that say nothing, whatever they are. */
const idle: ReadonlySet<string> = new Set(["name", "conjugate"]);

/**
 * What a layer of the classes TFOpLambda and SlicingOpLambda does: `x + y` in a functional model of Keras 2. `undefined` for other
 * layers, and for functions or arguments that Keras 3 has no operation for.
 */
export function tensorflowOperation(layer: JsonObject): OperationCall | undefined {
  const className = textAt(layer, "class_name");
  if (className !== "TFOpLambda" && className !== "SlicingOpLambda") return undefined;
  const name = textAt(layer["config"], "function") ?? "";
  const translation = Object.hasOwn(functions, name) ? functions[name] : undefined;
  const given = givenTo(layer);
  if (translation === undefined || given === undefined) return undefined;
  const [target, first, names = {}] = translation;
  const kwargs = renamed(given.named, names);
  if (kwargs === undefined) return undefined;
  const { x2, ...others } = kwargs;
  const call = x2 === undefined ? { kwargs: { ...others, [first]: given.first } } : { args: [given.first, x2] };
  return { className: target, call };
}

/** What its only call is given: one tensor or a list of them, each written with all that is given by name. */
function givenTo({
  inbound_nodes: calls,
}: JsonObject): { readonly first: Json; readonly named: JsonObject } | undefined {
  const [node, ...others] = isList(calls) ? calls : [];
  if (!isList(node) || others.length > 0) return undefined;
  const isOne = typeof node[0] === "string";
  const references = (isOne ? [node] : node).filter((item) => isList(item));
  const [first, ...further] = references.map(tensorOrNumber);
  const named = references[0]?.[3] ?? {};
  if (first === undefined || !isObject(named)) return undefined;
  return { first: isOne ? first : [first, ...further], named };
}

function tensorOrNumber([layer = "", place = 0, tensor = 0]: readonly Json[]): Json {
  return layer === "_CONSTANT_VALUE" ? tensor : [layer, place, tensor];
}

function renamed(given: JsonObject, names: Readonly<Record<string, string>>): JsonObject | undefined {
  const kwargs: Record<string, Json> = {};
  for (const [key, value] of entriesOf(given)) {
    const name = Object.hasOwn(names, key) ? names[key] : undefined;
    if (name !== undefined) kwargs[name] = value;
    else if (value !== null && value !== false && !idle.has(key)) return undefined;
  }
  // TensorFlow lists the sizes of parts, Keras where they begin.
  if (isList(kwargs["indices_or_sections"])) return undefined;
  return hasWrittenSlices(kwargs["key"] ?? null) ? kwargs : undefined;
}

/** `...` is written in a way of its own. */
function hasWrittenSlices(key: Json): boolean {
  return !isList(key) || key.every((item) => !isObject(item) || item["start"] !== undefined);
}
