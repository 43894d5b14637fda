import type { Tensor } from "../../../dataplane/tensor.ts";
import type { Attributes } from "../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import type { OnnxGraph } from "../onnx-graph.ts";
import { NotExportedError } from "../keras/values.ts";

/** One TensorFlow operation to be exported. */
export interface ExportCall {
  readonly graph: OnnxGraph;
  readonly op: string;
  /** Names of the inputs in the ONNX graph. */
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
  /** The value of a constant input; `undefined` for other inputs. */
  readonly constant: (input: number) => Tensor | undefined;
  /**
   * Whether an input is computed from shapes and small constants only, so that it is bounded by the shapes of existing
   * values.
   */
  readonly isShape: (input: number) => boolean;
}

/** Adds an operation to the ONNX graph and returns the names of its outputs. Throws NotExportedError. */
export type OperationExport = (call: ExportCall) => string | readonly string[];
/** Keyed by TensorFlow operation name. */
export type OperationExports = Readonly<Record<string, OperationExport>>;

/** The name of an input. Throws NotExportedError if it is missing. */
export function inputAt({ inputs, op }: ExportCall, position: number): string {
  const input = inputs[position];
  if (input === undefined) throw new NotExportedError(`${op} lacks input ${position}`);
  return input;
}

/** The integers of a constant input. Throws NotExportedError if it is not constant. */
export function integersAt(call: ExportCall, position: number): readonly number[] {
  const tensor = call.constant(position);
  if (tensor === undefined || tensor.dtype === "string") {
    throw new NotExportedError(`input ${position} of ${call.op} is not constant`);
  }
  return Array.from(tensor.data, Number);
}

/** An input as int64, which ONNX requires for shapes and indices. */
export function int64At(call: ExportCall, position: number): string {
  const tensor = call.constant(position);
  if (tensor === undefined || tensor.dtype === "string") return cast(call, inputAt(call, position), "int64");
  return call.graph.integers(Array.from(tensor.data, Number), tensor.shape);
}

/** Members of onnx.proto's `TensorProto.DataType`. */
const castTargets: ReadonlyMap<string, number> = new Map([
  ["float32", 1],
  ["uint8", 2],
  ["int8", 3],
  ["uint16", 4],
  ["int16", 5],
  ["int32", 6],
  ["int64", 7],
  ["bool", 9],
  ["float16", 10],
  ["float64", 11],
  ["uint32", 12],
  ["uint64", 13],
]);

/** Casts a value to a TensorFlow type. Throws NotExportedError if ONNX lacks the type. */
export function cast({ graph, op }: ExportCall, input: string, type: string): string {
  const to = castTargets.get(type);
  if (to === undefined) throw new NotExportedError(`${op} to ${type} is not exported`);
  return graph.add("Cast", [input], { to });
}

/** A string or type attribute of the operation. */
export function typeOf({ attributes }: ExportCall, name: string, otherwise: string): string {
  const value = attributes.get(name);
  return typeof value === "string" ? value : otherwise;
}

/** A numeric attribute of the operation. */
export function numberOf({ attributes }: ExportCall, name: string, otherwise: number): number {
  const value = attributes.get(name);
  return typeof value === "number" ? value : otherwise;
}

/** A list attribute of numbers; `otherwise` if it is absent or empty. */
export function numbersOf({ attributes }: ExportCall, name: string, otherwise: readonly number[]): readonly number[] {
  const value = attributes.get(name);
  return Array.isArray(value) && value.length > 0 ? value.map(Number) : otherwise;
}

/** Whether a boolean attribute is true. */
export function flagOf({ attributes }: ExportCall, name: string): boolean {
  return attributes.get(name) === true;
}
