import type { JsonObject } from "../../../../../model/formats/keras/topology/json-config.ts";
import type { Attributes, OnnxGraph } from "../../onnx-graph.ts";
import { cast, channelsLast, graphAxis, mapped, NotExportedError, type Value } from "../../values.ts";
import { activated } from "../activations.ts";
import type { LayerCall, LayerExport, LayerExports } from "../layer-export.ts";
import { alike, floating, isFloating, type Operand, operandAt, optionAt, sharedShape, tensorAt } from "./operands.ts";

/** Operations on each element alone. */
export const elementwiseOperations: LayerExports = {
  Absolute: one("Abs"),
  Abs: one("Abs"),
  Negative: one("Neg"),
  Square: made((graph, x) => ({ ...x, name: graph.add("Mul", [x.name, x.name]) })),
  Sqrt: oneFloat("Sqrt"),
  Rsqrt: made((graph, x) => mapped(graph, mapped(graph, floating(graph, x), "Sqrt"), "Reciprocal")),
  Exp: oneFloat("Exp"),
  Expm1: made((graph, x) => mapped(graph, mapped(graph, floating(graph, x), "Exp"), "Sub", graph.number(1))),
  Log: oneFloat("Log"),
  Log1p: made((graph, x) => mapped(graph, mapped(graph, floating(graph, x), "Add", graph.number(1)), "Log")),
  Reciprocal: oneFloat("Reciprocal"),
  Sign: one("Sign"),
  Floor: oneFloat("Floor"),
  Ceil: oneFloat("Ceil"),
  Round: made((graph, x, { config }) => rounded(graph, x, config)),
  Sin: oneFloat("Sin"),
  Cos: oneFloat("Cos"),
  Tan: oneFloat("Tan"),
  Erf: oneFloat("Erf"),
  Isnan: made((graph, x) => ({ ...mapped(graph, floating(graph, x), "IsNaN"), type: "bool" })),
  LogicalNot: made((graph, x) => mapped(graph, cast(graph, x, "bool"), "Not")),
  StopGradient: made((_, x) => x),
  ConvertToTensor: made((_, x) => x),
  Identity: made((_, x) => x),
  Relu: activation("relu"),
  Relu6: activation("relu6"),
  Sigmoid: activation("sigmoid"),
  Tanh: activation("tanh"),
  Silu: activation("swish"),
  Softplus: activation("softplus"),
  Softsign: activation("softsign"),
  Selu: activation("selu"),
  HardSigmoid: activation("kerasHardSigmoid"),
  HardSilu: activation("hardSwish"),
  LogSigmoid: activation("logSigmoid"),
  Elu: made((graph, x, call) => sloped(graph, floating(graph, x), "Elu", numberAt(call, "alpha", 1))),
  LeakyRelu: made((graph, x, call) => {
    return sloped(graph, floating(graph, x), "LeakyRelu", numberAt(call, "negative_slope", 0.2));
  }),
  Gelu: made((graph, x, call) => {
    const isRough = optionAt(call, 1, "approximate") !== false;
    const attributes: Attributes = { approximate: isRough ? "tanh" : "none" };
    return { ...x, name: graph.add("Gelu", [floating(graph, x).name], attributes), type: "float32" };
  }),
  Softmax: made((graph, x, call) => alongAxis(graph, floating(graph, x), "Softmax", call)),
  LogSoftmax: made((graph, x, call) => alongAxis(graph, floating(graph, x), "LogSoftmax", call)),
  Cast: made((graph, x, call) => converted(graph, x, optionAt(call, 1, "dtype"))),
  Clip: made((graph, x, call) => {
    const limits = (["x_min", "x_max"] as const).map((name) => graph.number(numberAt(call, name)));
    if (!isFloating(x.type)) throw new NotExportedError("integers are not clipped");
    return mapped(graph, x, "Clip", ...limits);
  }),
  Add: two("Add"),
  Subtract: two("Sub"),
  Multiply: two("Mul"),
  Maximum: two("Max"),
  Minimum: two("Min"),
  Power: two("Pow"),
  Divide: two("Div", "float"),
  TrueDivide: two("Div", "float"),
  Greater: two("Greater", "bool"),
  GreaterEqual: two("GreaterOrEqual", "bool"),
  Less: two("Less", "bool"),
  LessEqual: two("LessOrEqual", "bool"),
  Equal: two("Equal", "bool"),
  NotEqual: made((graph, _, call) => mapped(graph, both(call, "Equal", "bool"), "Not")),
  LogicalAnd: two("And", "logical"),
  LogicalOr: two("Or", "logical"),
  LogicalXor: two("Xor", "logical"),
  Where: { apply: (call) => [where(call)] },
};

function made(make: (graph: OnnxGraph, x: Operand, call: LayerCall) => Value): LayerExport {
  return { apply: (call) => [make(call.graph, operandAt(call, 0, "x"), call)] };
}

function one(operator: string): LayerExport {
  return made((graph, x) => mapped(graph, x, operator));
}

function oneFloat(operator: string): LayerExport {
  return made((graph, x) => mapped(graph, floating(graph, x), operator));
}

function activation(name: string): LayerExport {
  return made((graph, x) => activated(graph, floating(graph, x), name));
}

function sloped(graph: OnnxGraph, x: Value, operator: string, alpha: number): Value {
  return { ...x, name: graph.add(operator, [x.name], { alpha: { float: alpha } }) };
}

function rounded(graph: OnnxGraph, x: Operand, config: JsonObject): Value {
  if ((config["decimals"] ?? 0) !== 0) throw new NotExportedError("decimals are not rounded to");
  return mapped(graph, floating(graph, x), "Round");
}

function numberAt(call: LayerCall, name: string, fallback?: number): number {
  const value = optionAt(call, Number.MAX_SAFE_INTEGER, name) ?? fallback;
  if (typeof value === "number") return value;
  throw new NotExportedError(`${name}=${JSON.stringify(value ?? null)} is not a number`);
}

function alongAxis(graph: OnnxGraph, x: Value, operator: string, call: LayerCall): Value {
  const axis = optionAt(call, 1, "axis") ?? -1;
  const isRow = typeof axis === "number" && axis % x.shape.length !== 0;
  if (!isRow) throw new NotExportedError(`axis=${JSON.stringify(axis)} is not one of the axes of a row`);
  return { ...x, name: graph.add(operator, [x.name], { axis: graphAxis(x, axis) }) };
}

/** Of the types that values have here: see `inputDtypes` in formats/keras/topology/layers.ts. */
function converted(graph: OnnxGraph, x: Operand, dtype: unknown): Value {
  if (dtype === "bool") return cast(graph, x, "bool");
  if (dtype === "float32") return cast(graph, x, "float32");
  if (dtype === "int32" || dtype === "int64") return cast(graph, x, dtype);
  throw new NotExportedError(`a conversion to ${JSON.stringify(dtype ?? null)} is not exported`);
}

/** What two operands become: numbers of their own type, floating point, or truth values. */
type Kind = "number" | "float" | "bool" | "logical";

function two(operator: string, kind: Kind = "number"): LayerExport {
  return { apply: (call) => [both(call, operator, kind)] };
}

function both(call: LayerCall, operator: string, kind: Kind): Value {
  const { graph } = call;
  const given = laidOut(graph, [operandAt(call, 0, "x1"), operandAt(call, 1, "x2")]);
  const shape = sharedShape(given);
  const [a, b] = typed(graph, given, kind);
  if (a === undefined || b === undefined) throw new NotExportedError("it lacks an input");
  const { isChannelsFirst } = given.find(({ isConstant }) => isConstant !== true) ?? a;
  const type = kind === "bool" ? "bool" : a.type;
  const value: Value = { name: graph.add(operator, [a.name, b.name]), type, shape };
  return isChannelsFirst === undefined ? value : { ...value, isChannelsFirst };
}

function typed(graph: OnnxGraph, operands: readonly Operand[], kind: Kind): readonly Operand[] {
  if (kind === "logical") return operands.map((operand) => cast(graph, operand, "bool"));
  if (kind === "float") return operands.map((operand) => floating(graph, operand));
  return alike(graph, operands, true);
}

/** In one layout: images stay as they are where nothing but single numbers meets them. */
function laidOut(graph: OnnxGraph, operands: readonly Operand[]): readonly Operand[] {
  const ranks = new Set(operands.filter(({ isConstant }) => isConstant !== true).map(({ shape }) => shape.length));
  const isKept = operands.every(({ isConstant, isChannelsFirst, shape }) => {
    return isConstant === true ? shape.length === 0 : isChannelsFirst === true && ranks.size === 1;
  });
  if (isKept) return operands;
  return operands.map((operand) => (operand.isConstant === true ? operand : channelsLast(graph, operand)));
}

function where(call: LayerCall): Value {
  const { graph } = call;
  const condition = cast(graph, tensorAt(call, 0, "condition"), "bool");
  const [a, b] = alike(graph, [tensorAt(call, 1, "x1"), tensorAt(call, 2, "x2")], false);
  if (a === undefined || b === undefined) throw new NotExportedError("it lacks an input");
  const shape = sharedShape([condition, a, b]);
  return { name: graph.add("Where", [condition.name, a.name, b.name]), type: a.type, shape };
}
