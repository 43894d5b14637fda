import type * as Core from "@tensorflow/tfjs-core";
import type { Attributes } from "../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import { isTensor, type Strings, type TensorList, type Value } from "./value.ts";

/** One run of one operation. */
export interface Call {
  readonly tf: typeof Core;
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  /** Whether nothing needs the input after this call. */
  readonly isLastUse: (input: number) => boolean;
}

/** An operation: its outputs in order; one output needs no list. Throws an Error when its inputs do not fit. */
export type Operation = (call: Call) => Value | readonly Value[];
/** By TensorFlow's name of the operation. */
export type Operations = Readonly<Record<string, Operation>>;

/** Elements that one value may take: 1 GiB of float32. */
const maxElements = 2 ** 28;

/** The tensor at a position of the inputs. Throws when there is none. */
export function tensorAt({ tf, inputs, op }: Call, position: number): Core.Tensor {
  const value = inputs[position];
  if (value !== undefined && isTensor(value)) return value;
  if (value?.kind === "numbers") return tf.tensor([...value.data], [...value.shape], value.dtype);
  throw new TypeError(`${op}: input ${position} is ${value === undefined ? "missing" : `of kind ${value.kind}`}`);
}

/** A tensor of a certain rank. */
export function rankedAt<R extends 1 | 2 | 3 | 4 | 5>(call: Call, position: number, rank: R): Core.Tensor<RankOf[R]> {
  const tensor = tensorAt(call, position);
  if (tensor.rank !== rank)
    throw new RangeError(`${call.op}: input ${position} has rank ${tensor.rank}; must have ${rank}`);
  return tensor as Core.Tensor<RankOf[R]>; // its rank was just compared
}

interface RankOf {
  readonly 1: Core.Rank.R1;
  readonly 2: Core.Rank.R2;
  readonly 3: Core.Rank.R3;
  readonly 4: Core.Rank.R4;
  readonly 5: Core.Rank.R5;
}

/** An input that is a TensorList. Throws a TypeError for anything else. */
export function listAt({ inputs, op }: Call, position: number): TensorList {
  const value = inputs[position];
  if (value !== undefined && !isTensor(value) && value.kind === "list") return value;
  throw new TypeError(`${op}: input ${position} is no list`);
}

/** An input of texts. Throws a TypeError for anything else. */
export function stringsAt({ inputs, op }: Call, position: number): Strings {
  const value = inputs[position];
  if (value !== undefined && !isTensor(value) && value.kind === "strings") return value;
  throw new TypeError(`${op}: input ${position} is no text`);
}

/** All inputs from `start` to `end`, which must be tensors. */
export function tensorsAt(call: Call, start = 0, end = call.inputs.length): Core.Tensor[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => tensorAt(call, start + i));
}

/** The elements of a small integer tensor, such as axes or a shape. */
export function integersAt(call: Call, position: number): readonly number[] {
  const value = call.inputs[position];
  if (value !== undefined && !isTensor(value) && value.kind === "numbers") return value.data;
  const tensor = tensorAt(call, position);
  if (tensor.size > 65_536)
    throw new RangeError(`${call.op}: input ${position} has too many elements for a list of integers`);
  return Array.from(tensor.dataSync());
}

/** The first number of an input. Throws a RangeError where it has none. */
export function integerAt(call: Call, position: number): number {
  const [value] = integersAt(call, position);
  if (value === undefined) throw new RangeError(`${call.op}: input ${position} is empty`);
  return value;
}

/** A numeric attribute of the operation. */
export function numberOf({ attributes }: Pick<Call, "attributes">, name: string, otherwise: number): number {
  const value = attributes.get(name);
  return typeof value === "number" ? value : otherwise;
}

/** Whether a boolean attribute is set. */
export function flagOf({ attributes }: Call, name: string): boolean {
  return attributes.get(name) === true;
}

/** An attribute that is a text. */
export function textOf({ attributes }: Call, name: string, otherwise: string): string {
  const value = attributes.get(name);
  return typeof value === "string" ? value : otherwise;
}

/** A list of numbers; an empty list counts as absent. */
export function numbersOf(
  { attributes }: Pick<Call, "attributes">,
  name: string,
  otherwise: readonly number[],
): readonly number[] {
  const value = attributes.get(name);
  return Array.isArray(value) && value.length > 0 ? value.map(Number) : otherwise;
}

/** An attribute that is a list of texts; empty where it is absent. */
export function textsOf({ attributes }: Call, name: string): readonly string[] {
  const value = attributes.get(name);
  return Array.isArray(value) ? value.map(String) : [];
}

/** A shape, checked before anything of its size is made. Throws a RangeError. */
export function boundedShape({ op }: Call, shape: readonly number[]): number[] {
  const elements = shape.reduce((product, size) => product * size, 1);
  if (shape.some((size) => !Number.isInteger(size) || size < 0) || !(elements <= maxElements)) {
    throw new RangeError(
      `${op}: a value of shape [${shape.join(",")}] is not allowed; at most ${maxElements} elements are`,
    );
  }
  return [...shape];
}

/** What TensorFlow.js computes with in place of a TensorFlow type. */
export function computedDtype(dtype: string): Core.DataType {
  if (dtype === "bool") return "bool";
  return /^u?int/.test(dtype) ? "int32" : "float32";
}

/**
 * What a kernel makes of a value, truth values as numbers: the wasm kernels of reverse, stridedSlice and where take a truth value
 * for four bytes, and read and write beyond what they were given.
 */
export function asNumbers(
  { tf }: Pick<Call, "tf">,
  x: Core.Tensor,
  apply: (x: Core.Tensor) => Core.Tensor,
): Core.Tensor {
  return x.dtype === "bool" ? tf.notEqual(apply(tf.cast(x, "int32")), 0) : apply(x);
}
