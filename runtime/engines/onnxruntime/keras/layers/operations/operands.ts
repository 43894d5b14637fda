import { elementCount, type Tensor } from "../../../../../dataplane/tensor.ts";
import { isList, isObject, type Json } from "../../../../../model/formats/keras/topology/json-config.ts";
import type { OnnxGraph, ValueType } from "../../onnx-graph.ts";
import { cast, channelsLast, NotExportedError, unmasked, type Value } from "../../values.ts";
import type { LayerCall } from "../layer-export.ts";

/** What an operation computes with: the output of another layer, or a constant, which has no rows. */
export interface Operand extends Value {
  readonly isConstant?: true;
}

/** What stands at a place of the call, under its name, or among the options: as formats/keras/topology/operations.ts has it. */
function given({ config }: LayerCall, place: number, name: string): Json | undefined {
  const { args, kwargs } = config;
  const positional = isList(args) ? args[place] : undefined;
  return positional ?? (isObject(kwargs) ? kwargs[name] : undefined) ?? config[name];
}

/** An option that is no tensor; `undefined` when it is not given. */
export function optionAt(call: LayerCall, place: number, name: string): Json | undefined {
  const value = given(call, place, name) ?? undefined;
  if (isObject(value) && value["input"] !== undefined) throw new NotExportedError(`its ${name} is a tensor`);
  return value;
}

/** A tensor that it is called with, laid out as Keras has it, without a mask. */
export function tensorAt(call: LayerCall, place: number, name: string): Operand {
  const operand = operandOf(call, given(call, place, name), name);
  return operand.isConstant === true ? operand : unmasked(channelsLast(call.graph, operand));
}

/** The same in whatever layout it comes. */
export function operandAt(call: LayerCall, place: number, name: string): Operand {
  return operandOf(call, given(call, place, name), name);
}

/** A list of tensors. */
export function tensorsAt(call: LayerCall, place: number, name: string): readonly Operand[] {
  const list = given(call, place, name);
  if (!isList(list)) throw new NotExportedError(`its ${name} is no list of tensors`);
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
  if (tensor === undefined) throw new NotExportedError(`its ${name} is no tensor`);
  return { name: graph.constant(tensor), type: tensor.dtype, shape: tensor.shape, isConstant: true };
}

type ConstantTensor = Extract<Tensor, { dtype: "float32" | "int32" | "bool" }>;

/** Numbers, lists of them, or `{value, dtype}`. */
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

/** All in one element type: floating point where one of them is. Truth values count as numbers where `isNumeric`. */
export function alike(graph: OnnxGraph, operands: readonly Operand[], isNumeric: boolean): readonly Operand[] {
  const types = new Set(operands.map(({ type }) => type));
  const isOne = types.size === 1 && !(isNumeric && types.has("bool"));
  if (isOne) return operands;
  const type = [...types].some(isFloating) ? "float32" : "int32";
  return operands.map((operand) => cast(graph, operand, type));
}

export function isFloating(type: ValueType): boolean {
  return type.startsWith("float");
}

/** A floating-point value, whatever it is computed from. */
export function floating(graph: OnnxGraph, operand: Operand): Operand {
  return isFloating(operand.type) ? operand : cast(graph, operand, "float32");
}

/** The shape of a result of all of them, as NumPy has it. Throws unless every row is computed from its own alone. */
export function sharedShape(operands: readonly Operand[]): readonly number[] {
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

/** An axis that is not the batch. */
export function innerAxis(axis: Json | undefined, rank: number): number {
  const number = typeof axis === "number" && Number.isInteger(axis) ? axis : Number.NaN;
  const positive = number < 0 ? number + rank : number;
  if (positive > 0 && positive < rank) return positive;
  throw new NotExportedError(`axis=${JSON.stringify(axis ?? null)} is not one of the axes of a row`);
}
