import type * as Core from "@tensorflow/tfjs-core";
import type { Attributes } from "../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import { isTensor, type Strings, type TensorList, type Value } from "./value.ts";

/** One execution of an operation. */
export interface Call {
  readonly tf: typeof Core;
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  /** Whether the input is not needed after this call. */
  readonly isLastUse: (input: number) => boolean;
}

/**
 * Implementation of an operation: returns its outputs in order, or a single output. Throws an Error when its inputs do
 * not fit.
 */
export type Operation = (call: Call) => Value | readonly Value[];
/** Keyed by TensorFlow operation name. */
export type Operations = Readonly<Record<string, Operation>>;

/** Limit on the elements of one value: 1 GiB of float32. */
const maxElements = 2 ** 28;

/** The tensor input at a position. Throws if it is missing or not a tensor. */
export function tensorAt({ tf, inputs, op }: Call, position: number): Core.Tensor {
  const value = inputs[position];
  if (value !== undefined && isTensor(value)) return value;
  if (value?.kind === "integers") return tf.tensor([...value.data], [...value.shape], value.dtype);
  throw new TypeError(`${op}: input ${position} is ${value === undefined ? "missing" : `of kind ${value.kind}`}`);
}

/** A tensor input of the given rank. */
export function rankedAt<R extends 1 | 2 | 3 | 4 | 5>(call: Call, position: number, rank: R): Core.Tensor<RankOf[R]> {
  const tensor = tensorAt(call, position);
  if (tensor.rank !== rank)
    throw new RangeError(`${call.op}: input ${position} has rank ${tensor.rank}; must have ${rank}`);
  return tensor as Core.Tensor<RankOf[R]>; // rank checked above
}

interface RankOf {
  readonly 1: Core.Rank.R1;
  readonly 2: Core.Rank.R2;
  readonly 3: Core.Rank.R3;
  readonly 4: Core.Rank.R4;
  readonly 5: Core.Rank.R5;
}

/** A TensorList input. Throws a TypeError for other values. */
export function listAt({ inputs, op }: Call, position: number): TensorList {
  const value = inputs[position];
  if (value !== undefined && !isTensor(value) && value.kind === "list") return value;
  throw new TypeError(`${op}: input ${position} is not a list`);
}

/** A string tensor input. Throws a TypeError for other values. */
export function stringsAt({ inputs, op }: Call, position: number): Strings {
  const value = inputs[position];
  if (value !== undefined && !isTensor(value) && value.kind === "strings") return value;
  throw new TypeError(`${op}: input ${position} is not a string tensor`);
}

/** The tensor inputs from `start` to `end`. */
export function tensorsAt(call: Call, start = 0, end = call.inputs.length): Core.Tensor[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => tensorAt(call, start + i));
}

/** The elements of a small integer tensor, such as axes or a shape. */
export function integersAt(call: Call, position: number): readonly number[] {
  const value = call.inputs[position];
  if (value !== undefined && !isTensor(value) && value.kind === "integers") return value.data;
  const tensor = tensorAt(call, position);
  if (tensor.size > 65_536)
    throw new RangeError(`${call.op}: input ${position} has too many elements for a list of integers`);
  return Array.from(tensor.dataSync());
}

/** The first number of an input. Throws a RangeError if it is empty. */
export function integerAt(call: Call, position: number): number {
  const [value] = integersAt(call, position);
  if (value === undefined) throw new RangeError(`${call.op}: input ${position} is empty`);
  return value;
}

/** A numeric attribute. */
export function numberOf({ attributes }: Pick<Call, "attributes">, name: string, otherwise: number): number {
  const value = attributes.get(name);
  return typeof value === "number" ? value : otherwise;
}

/** Whether a boolean attribute is set. */
export function flagOf({ attributes }: Call, name: string): boolean {
  return attributes.get(name) === true;
}

/** A string attribute. */
export function textOf({ attributes }: Call, name: string, otherwise: string): string {
  const value = attributes.get(name);
  return typeof value === "string" ? value : otherwise;
}

/** A list attribute of numbers; an empty list counts as absent. */
export function numbersOf(
  { attributes }: Pick<Call, "attributes">,
  name: string,
  otherwise: readonly number[],
): readonly number[] {
  const value = attributes.get(name);
  return Array.isArray(value) && value.length > 0 ? value.map(Number) : otherwise;
}

/** A list attribute of strings; empty if absent. */
export function textsOf({ attributes }: Call, name: string): readonly string[] {
  const value = attributes.get(name);
  return Array.isArray(value) ? value.map(String) : [];
}

/** Validates a shape before memory for it is allocated. Throws a RangeError. */
export function boundedShape({ op }: Call, shape: readonly number[]): number[] {
  const elements = shape.reduce((product, size) => product * size, 1);
  if (shape.some((size) => !Number.isInteger(size) || size < 0) || !(elements <= maxElements)) {
    throw new RangeError(
      `${op}: a value of shape [${shape.join(",")}] is not allowed; at most ${maxElements} elements are`,
    );
  }
  return [...shape];
}

/** The type that TensorFlow.js uses for a TensorFlow type. */
export function computedDtype(dtype: string): Core.DataType {
  if (dtype === "bool") return "bool";
  return /^u?int/.test(dtype) ? "int32" : "float32";
}

/**
 * Applies a kernel with booleans converted to int32: the wasm kernels of reverse, stridedSlice and where take a boolean
 * for four bytes, and read and write out of bounds.
 */
export function viaIntegers(
  { tf }: Pick<Call, "tf">,
  x: Core.Tensor,
  apply: (x: Core.Tensor) => Core.Tensor,
): Core.Tensor {
  return x.dtype === "bool" ? tf.notEqual(apply(tf.cast(x, "int32")), 0) : apply(x);
}
