import { entriesOf, isList, isObject, type Json, type JsonObject, textAt } from "./json-config.ts";

/** A call of an operation in Keras 3's notation. */
interface OperationCall {
  /** Class name in `keras.ops`. */
  readonly className: string;
  readonly call: JsonObject;
}

/** The Keras 3 operation, its first argument's name, and its argument names by those of TensorFlow. */
type Translation = readonly [className: string, first: string, named?: Readonly<Record<string, string>>];

const binary = (className: string): Translation => [className, "x1", { y: "x2" }];
const unary = (className: string): Translation => [className, "x"];
const reduction = (className: string): Translation => [className, "x", { axis: "axis", keepdims: "keepdims" }];

/** Translations of the TensorFlow functions that Keras 2 writes as layers. */
const functions: Readonly<Record<string, Translation>> = {
  "__operators__.add": binary("Add"),
  "__operators__.getitem": ["GetItem", "x", { slice_spec: "key" }],
  "math.add": binary("Add"),
  "math.subtract": binary("Subtract"),
  "math.multiply": binary("Multiply"),
  "math.truediv": binary("TrueDivide"),
  "math.divide": binary("Divide"),
  "math.maximum": binary("Maximum"),
  "math.minimum": binary("Minimum"),
  "math.pow": binary("Power"),
  "math.greater": binary("Greater"),
  "math.greater_equal": binary("GreaterEqual"),
  "math.less": binary("Less"),
  "math.less_equal": binary("LessEqual"),
  "math.equal": binary("Equal"),
  "math.not_equal": binary("NotEqual"),
  "math.logical_and": binary("LogicalAnd"),
  "math.logical_or": binary("LogicalOr"),
  "math.logical_not": unary("LogicalNot"),
  "math.abs": unary("Absolute"),
  "math.negative": unary("Negative"),
  "math.square": unary("Square"),
  "math.sqrt": unary("Sqrt"),
  "math.rsqrt": unary("Rsqrt"),
  "math.exp": unary("Exp"),
  "math.log": unary("Log"),
  "math.sigmoid": unary("Sigmoid"),
  "math.tanh": unary("Tanh"),
  "math.softplus": unary("Softplus"),
  "nn.relu": unary("Relu"),
  "nn.relu6": unary("Relu6"),
  "nn.silu": unary("Silu"),
  "nn.elu": unary("Elu"),
  "nn.selu": unary("Selu"),
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

/** Arguments without an effect. */
const ignored: ReadonlySet<string> = new Set(["name", "conjugate"]);

/**
 * Translates a layer of the classes TFOpLambda and SlicingOpLambda, such as `x + y` in a functional model of Keras 2. `undefined` for
 * other layers, and for functions or arguments without a Keras 3 operation.
 */
export function tensorflowOperation(layer: JsonObject): OperationCall | undefined {
  const className = textAt(layer, "class_name");
  if (className !== "TFOpLambda" && className !== "SlicingOpLambda") return undefined;
  const name = textAt(layer["config"], "function") ?? "";
  const translation = Object.hasOwn(functions, name) ? functions[name] : undefined;
  const given = argumentsOf(layer);
  if (translation === undefined || given === undefined) return undefined;
  const [target, first, names = {}] = translation;
  const kwargs = renamed(given.named, names);
  if (kwargs === undefined) return undefined;
  const { x2, ...others } = kwargs;
  const call = x2 === undefined ? { kwargs: { ...others, [first]: given.first } } : { args: [given.first, x2] };
  return { className: target, call };
}

/** The arguments of its only call: one tensor or a list of tensors, each followed by all keyword arguments. */
function argumentsOf({
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

function tensorOrNumber([layer = "", node = 0, tensor = 0]: readonly Json[]): Json {
  return layer === "_CONSTANT_VALUE" ? tensor : [layer, node, tensor];
}

function renamed(given: JsonObject, names: Readonly<Record<string, string>>): JsonObject | undefined {
  const kwargs: Record<string, Json> = {};
  for (const [key, value] of entriesOf(given)) {
    const name = Object.hasOwn(names, key) ? names[key] : undefined;
    if (name !== undefined) kwargs[name] = value;
    else if (value !== null && value !== false && !ignored.has(key)) return undefined;
  }
  // TensorFlow lists the sizes of the parts, Keras their start indexes.
  if (isList(kwargs["indices_or_sections"])) return undefined;
  return hasWrittenSlices(kwargs["key"] ?? null) ? kwargs : undefined;
}

/** Whether all slices are written out; `...` is not supported. */
function hasWrittenSlices(key: Json): boolean {
  return !isList(key) || key.every((item) => !isObject(item) || item["start"] !== undefined);
}
