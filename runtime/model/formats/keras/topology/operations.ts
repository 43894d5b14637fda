import { entriesOf, isList, isObject, type Json, type JsonObject, textAt } from "./json-config.ts";
import { outputRef, type TensorRef } from "./inbound-nodes.ts";
import { tensorflowOperation } from "./tensorflow-operations.ts";

/** Prefix of operation classes: `Add` is a layer, `ops.Add` the operation of `x + y` on tensors. */
const operationPrefix = "ops.";

/** Supported classes of `keras.ops`. */
const operations = [
  "Absolute Abs Negative Square Sqrt Rsqrt Exp Expm1 Log Log1p Reciprocal Sign Floor Ceil Round Sin Cos Tan Erf",
  "Relu Relu6 Sigmoid Tanh Silu Softplus Softsign Elu Selu Gelu HardSigmoid HardSilu LeakyRelu LogSigmoid",
  "StopGradient Identity ConvertToTensor LogicalNot Isnan Cast Clip Softmax LogSoftmax Normalize OneHot",
  "Add Subtract Multiply Divide TrueDivide Power Maximum Minimum",
  "Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr LogicalXor Where",
  "Sum Mean Max Min Prod Amax Amin Var Std Logsumexp Argmax Argmin Any All Norm Cumsum TopK",
  "ZerosLike OnesLike Reshape Transpose Swapaxes ExpandDims Squeeze GetItem Concatenate Stack Split Repeat Flip BroadcastTo Matmul Einsum",
  "Pad Tile Take Moveaxis",
];

const operationNames: ReadonlySet<string> = new Set(operations.flatMap((names) => names.split(" ")));

/** The classes as layers of a translated model. */
export const operationClasses: readonly string[] = [...operationNames].map((name) => operationPrefix + name);

/** Operations that every engine runs, on float32 tensors of equal rank and on numbers. */
const plainOperations: ReadonlySet<string> = new Set(
  "Add Subtract Multiply Divide TrueDivide Maximum Minimum".split(" "),
);

/** An operation as a layer, with its arguments. */
export interface OperationLayer {
  readonly className: string;
  readonly name: string;
  /** The options, `args` and `kwargs`. `{input: 0}` stands for the first of `inputs`, `{value, dtype}` for a constant tensor. */
  readonly config: JsonObject;
  readonly inputs: readonly TensorRef[];
  /** Whether every engine runs it. */
  readonly isPlain: boolean;
}

/**
 * Parses an operation on tensors in a functional model (`keras.ops`, `tf.nn`, or a Python operator); `undefined` for layers. `.h5`
 * files of Keras 3 do not have the module: an operation is then a layer without the option `trainable`.
 */
export function operationLayer(layer: JsonObject, isKeras3: boolean): OperationLayer | undefined {
  const { config } = layer;
  const found = isKeras3 ? kerasOperation(layer) : tensorflowOperation(layer);
  if (found === undefined || !isObject(config)) return undefined;
  const { className, call } = found;
  const inputs: TensorRef[] = [];
  const { args = [], kwargs = {} } = call;
  const named = { args: template(args, inputs), kwargs: template(kwargs, inputs) };
  const name = textAt(layer, "name") ?? textAt(config, "name") ?? className;
  const isPlain = plainOperations.has(className) && isArithmetic(args);
  return { className: operationPrefix + className, name, config: { ...config, name, ...named }, inputs, isPlain };
}

function kerasOperation(layer: JsonObject): ReturnType<typeof tensorflowOperation> {
  const { config } = layer;
  if (!isObject(config) || !isOperation(layer, config)) return undefined;
  const call = onlyCall(layer);
  return { className: textAt(layer, "class_name") ?? "", call: isObject(call) ? call : {} };
}

/** Keras 2 does not store types and ranks; models with other types than float32, or with different ranks, are rare. */
function isArithmetic(args: Json): boolean {
  const [a = null, b = null, ...others] = isList(args) ? args : [];
  if (others.length > 0) return false;
  const tensors = [a, b].filter((argument) => typeof argument !== "number");
  if (tensors.every(isList)) return tensors.length > 0 && tensors.every((tensor) => outputRef(tensor) !== undefined);
  const configs = tensors.map((tensor) => objectIn(tensor, "config"));
  const ranks = new Set(configs.map(({ shape }) => (isList(shape) ? shape.length : -1)));
  return configs.every(({ dtype }) => dtype === "float32") && ranks.size === 1 && !ranks.has(-1);
}

function objectIn(value: Json | undefined, key: string): JsonObject {
  const inner = isObject(value) ? value[key] : undefined;
  return isObject(inner) ? inner : {};
}

function isOperation(layer: JsonObject, config: JsonObject): boolean {
  if (textAt(layer, "class_name") === "InputLayer") return false;
  const module = textAt(layer, "module");
  if (module !== undefined) return module.startsWith("keras.src.ops");
  return isObject(onlyCall(layer)) && !isLayer(textAt(layer, "class_name") ?? "", config);
}

/** The only call of an operation; `undefined` when there is not exactly one. */
function onlyCall(layer: JsonObject): Json | undefined {
  const calls = layer["inbound_nodes"];
  return isList(calls) && calls.length === 1 ? calls[0] : undefined;
}

/** Some layers have no option `trainable`, but all have a dtype. */
function isLayer(className: string, config: JsonObject): boolean {
  if (config["trainable"] !== undefined || config["layers"] !== undefined) return true;
  return config["dtype"] !== undefined && !operationNames.has(className);
}

/** Replaces the references in a structure of arguments by `{input: n}` and collects them in `inputs`. */
function template(value: Json, inputs: TensorRef[]): Json {
  const ref = outputRef(value);
  if (ref !== undefined) {
    inputs.push(ref);
    return { input: inputs.length - 1 };
  }
  if (isList(value)) return value.map((item) => template(item, inputs));
  if (!isObject(value)) return value;
  const { config } = value;
  switch (value["class_name"]) {
    case "__tuple__":
      return template(value["items"] ?? [], inputs);
    case "__ellipsis__":
      return "...";
    case "__slice__":
    case "__tensor__":
    case "__numpy__":
      return isObject(config) ? config : {};
    default:
      return Object.fromEntries(entriesOf(value).map(([key, item]) => [key, template(item, inputs)]));
  }
}
