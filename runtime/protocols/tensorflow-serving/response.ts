import type { NamedTensor, Tensor } from "../../dataplane/tensor.ts";
import { float32Text, float64Text } from "../json/number-text.ts";
import type { ScoredClass } from "./examples/classification.ts";
import { dtypeNames } from "./tensors/dtypes.ts";
import { faults } from "./faults.ts";
import type { PredictFormat } from "./request.ts";

/** What it takes to write a predict answer, beside its outputs. */
export interface PredictAnswerOrder {
  readonly format: PredictFormat;
}

/** What it takes to write a classify or regress answer, beside its outputs. */
export interface ExampleAnswerOrder {
  /** Examples of the request. */
  readonly rows: number;
}

/** The body of a predict answer. Throws when outputs cannot be told in the row format. */
export function predictBody(format: PredictFormat, outputs: readonly NamedTensor[]): string {
  const writers = outputs.map(tensorWriter);
  return format === "row"
    ? `{\n    "predictions": ${rowsText(outputs, writers)}\n}`
    : `{\n    "outputs": ${columnsText(writers)}\n}`;
}

/** The body of a classify answer: for each example its classes as pairs of label and score. */
export function classifyBody(results: readonly (readonly ScoredClass[])[]): string {
  const rows = results.map((classes) => {
    const pairs = classes.map(({ label, score }) => `[${JSON.stringify(label)}, ${float32Text(score)}]`);
    return `[${pairs.join(", ")}]`;
  });
  return `{\n    "results": [${rows.join(", ")}]\n}`;
}

/** The body of a regress answer: the value of each example. */
export function regressBody(values: Float32Array): string {
  return `{\n    "results": [${Array.from(values, float32Text).join(", ")}]\n}`;
}

/** Writes the elements of one output; `at` counts them. */
interface TensorWriter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly element: (at: number) => string;
}

function columnsText(writers: readonly TensorWriter[]): string {
  const [only] = writers;
  if (writers.length === 1 && only !== undefined) return nested(only, 0, 0);
  const members = writers.map((writer) => `        ${JSON.stringify(writer.name)}: ${nested(writer, 0, 0)}`);
  return `{\n${members.join(",\n")}\n    }`;
}

function rowsText(outputs: readonly NamedTensor[], writers: readonly TensorWriter[]): string {
  const rows = rowCount(outputs);
  const [only] = writers;
  if (writers.length === 1 && only !== undefined) return nested(only, 0, 0);
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    const members = writers.map(
      (writer) => `            ${JSON.stringify(writer.name)}: ${nested(writer, 1, row * size(writer.shape, 1))}`,
    );
    texts.push(`        {\n${members.join(",\n")}\n        }`);
  }
  return `[\n${texts.join(",\n")}\n    ]`;
}

/** The number of rows that all outputs agree on. */
function rowCount(outputs: readonly NamedTensor[]): number {
  let expected: number | undefined;
  for (const { name, tensor } of outputs) {
    const [rows] = tensor.shape;
    if (rows === undefined) throw faults.OutputWithoutRows({ name });
    expected ??= rows;
    if (rows !== expected) throw faults.OutputRows({ name, rows, expected });
  }
  return expected ?? 0;
}

/** Elements from `at` on as lists nested by the dimensions from `dimension` on. */
function nested(writer: TensorWriter, dimension: number, at: number): string {
  const length = writer.shape[dimension];
  if (length === undefined) return writer.element(at);
  const isLast = dimension === writer.shape.length - 1;
  const stride = size(writer.shape, dimension + 1);
  let text = "[";
  for (let i = 0; i < length; i++) {
    if (i > 0) text += ", ";
    text += isLast ? writer.element(at + i) : nested(writer, dimension + 1, at + i * stride);
  }
  return `${text}]`;
}

function size(shape: readonly number[], from: number): number {
  let product = 1;
  for (let i = from; i < shape.length; i++) product *= shape[i] ?? 1;
  return product;
}

function tensorWriter({ name, tensor }: NamedTensor): TensorWriter {
  return { name, shape: tensor.shape, element: elementWriter(name, tensor) };
}

function elementWriter(name: string, tensor: Tensor): (at: number) => string {
  switch (tensor.dtype) {
    case "float32":
      return (at) => float32Text(elementAt(tensor.data, at));
    case "float64":
      return (at) => float64Text(elementAt(tensor.data, at));
    case "bool":
      return (at) => String(tensor.data[at] === 1);
    case "string":
      return stringWriter(tensor.data, name.endsWith("_bytes"));
    case "float16":
    case "bfloat16":
    case "uint16":
    case "complex64":
    case "complex128":
      throw faults.OutputUnwritable({ dtype: dtypeNames[tensor.dtype].text });
    default:
      return (at) => String(tensor.data[at]);
  }
}

function elementAt(data: Float32Array | Float64Array, at: number): number {
  return data[at] ?? Number.NaN;
}

/** Text as JSON strings, or bytes as base64 objects. */
function stringWriter(data: readonly Uint8Array[], asBytes: boolean): (at: number) => string {
  const bytes = (at: number): Buffer => Buffer.from(data[at] ?? []);
  return asBytes
    ? (at) => `{ "b64": "${bytes(at).toString("base64")}" }`
    : (at) => JSON.stringify(bytes(at).toString());
}
