import { elementCount, type Tensor } from "../../../../../dataplane/tensor.ts";
import { isList, isObject, type Json } from "../../../../../model/formats/keras/topology/json-config.ts";
import type { OnnxGraph, ValueType } from "../../../onnx-graph.ts";
import { cast, channelsLast, NotExportedError, unmasked, type Value } from "../../values.ts";
import type { LayerCall } from "../layer-export.ts";

/** An operand: the output of another layer, or a constant, which has no batch axis. */
export interface Operand extends Value {
  readonly isConstant?: true;
}

/** An argument by position, by keyword, or from the config: as formats/keras/topology/operations.ts stores them. */
function argument({ config }: LayerCall, position: number, name: string): Json | undefined {
  const { args, kwargs } = config;
  const positional = isList(args) ? args[position] : undefined;
  return positional ?? (isObject(kwargs) ? kwargs[name] : undefined) ?? config[name];
}

/** A non-tensor argument; `undefined` if it is not given. */
export function optionAt(call: LayerCall, position: number, name: string): Json | undefined {
  const value = argument(call, position, name) ?? undefined;
  if (isObject(value) && value["input"] !== undefined) throw new NotExportedError(`its ${name} is a tensor`);
  return value;
}

/** A tensor argument, channels last and without a mask. */
export function tensorAt(call: LayerCall, position: number, name: string): Operand {
  const operand = operandOf(call, argument(call, position, name), name);
  return operand.isConstant === true ? operand : unmasked(channelsLast(call.graph, operand));
}

/** A tensor argument in its current layout. */
export function operandAt(call: LayerCall, position: number, name: string): Operand {
  return operandOf(call, argument(call, position, name), name);
}

/** An argument that is a list of tensors. */
export function tensorsAt(call: LayerCall, position: number, name: string): readonly Operand[] {
  const list = argument(call, position, name);
  if (!isList(list)) throw new NotExportedError(`its ${name} is not a list of tensors`);
  return list.map((item) => {
    const operand = operandOf(call, item, name);
    return operand.isConstant === true ? operand : unmasked(channelsLast(call.graph, operand));
  });
}

function operandOf({ inputs, graph }: LayerCall, value: Json | undefined, name: string): Operand {
  const index = isObject(value) ? value["input"] : undefined;
  const input = typeof index === "number" ? inputs[index] : undefined;
  if (input !== undefined) return unmasked(input);
  const tensor = value === undefined ? undefined : constantTensor(value);
  if (tensor === undefined) throw new NotExportedError(`its ${name} is not a tensor`);
  return { name: graph.constant(tensor), type: tensor.dtype, shape: tensor.shape, isConstant: true };
}

type ConstantTensor = Extract<Tensor, { dtype: "float32" | "int32" | "bool" }>;

/** A constant given as a number, a nested list, or `{value, dtype}`. */
function constantTensor(value: Json): ConstantTensor | undefined {
  const isTyped = isObject(value);
  const content = isTyped ? (value["value"] ?? null) : value;
  const shape: number[] = [];
  for (let inner: Json | undefined = content; isList(inner); inner = inner[0]) shape.push(inner.length);
  const elements = elementsIn(content);
  const numbers = elements.filter((item) => typeof item === "number" || typeof item === "boolean").map(Number);
  const isWhole = numbers.length === elements.length && numbers.length === elementCount(shape);
  if (!isWhole) return undefined;
  switch (constantType(isTyped ? (value["dtype"] ?? null) : null, elements)) {
    case "bool":
      return { dtype: "bool", shape, data: Uint8Array.from(numbers) };
    case "int32":
      return { dtype: "int32", shape, data: Int32Array.from(numbers) };
    case "float32":
      return { dtype: "float32", shape, data: Float32Array.from(numbers) };
  }
}

function elementsIn(value: Json): readonly Json[] {
  return isList(value) ? value.flatMap(elementsIn) : [value];
}

function constantType(dtype: Json, elements: readonly Json[]): ConstantTensor["dtype"] {
  if (dtype === "bool" || (dtype === null && typeof elements[0] === "boolean")) return "bool";
  const isInteger = typeof dtype === "string" ? /^u?int/.test(dtype) : elements.every(isInt32);
  return isInteger ? "int32" : "float32";
}

function isInt32(value: Json): boolean {
  return Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31;
}

/** Promotes operands to one element type: float32 if any is floating point. With `isNumeric`, booleans become int32. */
export function promoted(graph: OnnxGraph, operands: readonly Operand[], isNumeric: boolean): readonly Operand[] {
  const types = new Set(operands.map(({ type }) => type));
  const isOne = types.size === 1 && !(isNumeric && types.has("bool"));
  if (isOne) return operands;
  const type = [...types].some(isFloating) ? "float32" : "int32";
  return operands.map((operand) => cast(graph, operand, type));
}

/** Whether the element type is a floating-point type. */
export function isFloating(type: ValueType): boolean {
  return type.startsWith("float");
}

/** Casts to float32 unless the operand is floating point. */
export function asFloat(graph: OnnxGraph, operand: Operand): Operand {
  return isFloating(operand.type) ? operand : cast(graph, operand, "float32");
}

/** The broadcast shape, as in NumPy. Throws unless each row of the result depends on the same row of the operands only. */
export function broadcastShape(operands: readonly Operand[]): readonly number[] {
  const rank = Math.max(...operands.map(({ shape }) => shape.length));
  const rows = operands.filter(({ isConstant }) => isConstant !== true);
  const areAligned = operands.every(({ shape, isConstant }) => {
    return isConstant === true ? shape.length < rank || shape[0] === 1 : shape.length === rank;
  });
  if (rows.length === 0 || !areAligned) throw new NotExportedError("it mixes the rows of a batch");
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = operands.map(({ shape }) => shape[shape.length - rank + axis] ?? 1).filter((size) => size !== 1);
    const known = sizes.filter((size) => size >= 0);
    if (new Set(known).size > 1) throw new NotExportedError("the shapes of its inputs do not fit");
    return known[0] ?? sizes[0] ?? 1;
  });
}

/** A non-batch axis, as a positive index. Throws a NotExportedError. */
export function innerAxis(axis: Json | undefined, rank: number): number {
  const number = typeof axis === "number" && Number.isInteger(axis) ? axis : Number.NaN;
  const positive = number < 0 ? number + rank : number;
  if (positive > 0 && positive < rank) return positive;
  throw new NotExportedError(`axis=${JSON.stringify(axis ?? null)} is not one of the axes of a row`);
}
