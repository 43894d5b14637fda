import type { NamedTensor } from "../../dataplane/tensor.ts";
import { float32Text } from "../json/number-text.ts";
import type { ScoredClass } from "./examples/classification.ts";
import { dtypeNames } from "./tensors/dtypes.ts";
import { elementText, nested, stride, type TensorText } from "./tensors/tensor-text.ts";
import { faults } from "./faults.ts";
import type { PredictFormat } from "./request.ts";

/** Arguments of a predict response, beside its outputs. */
export interface PredictWriteArguments {
  readonly format: PredictFormat;
}

/** Arguments of a classify or regress response, beside its outputs. */
export interface ExamplesWriteArguments {
  /** Number of examples in the request. */
  readonly rows: number;
}

/** The body of a predict response. Throws when JSON or the row format cannot represent the outputs. */
export function predictBody(format: PredictFormat, outputs: readonly NamedTensor[]): string {
  const writers = outputs.map(tensorWriter);
  return format === "row"
    ? `{\n    "predictions": ${rowsText(outputs, writers)}\n}`
    : `{\n    "outputs": ${columnsText(writers)}\n}`;
}

/** The body of a classify response: the classes of each example as pairs of label and score. */
export function classifyBody(results: readonly (readonly ScoredClass[])[]): string {
  const rows = results.map((classes) => {
    const pairs = classes.map(({ label, score }) => `[${JSON.stringify(label)}, ${float32Text(score)}]`);
    return `[${pairs.join(", ")}]`;
  });
  return `{\n    "results": [${rows.join(", ")}]\n}`;
}

/** The body of a regress response: the value of each example. */
export function regressBody(values: Float32Array): string {
  return `{\n    "results": [${Array.from(values, float32Text).join(", ")}]\n}`;
}

interface TensorWriter extends TensorText {
  readonly name: string;
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
      (writer) => `            ${JSON.stringify(writer.name)}: ${nested(writer, 1, row * stride(writer.shape, 0))}`,
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

function tensorWriter({ name, tensor }: NamedTensor): TensorWriter {
  const element = elementText(tensor, name.endsWith("_bytes") ? bytesText : plainText);
  if (element === undefined) throw faults.OutputUnwritable({ dtype: dtypeNames[tensor.dtype].text });
  return { name, shape: tensor.shape, element };
}

function bytesText(bytes: Buffer): string {
  return `{ "b64": "${bytes.toString("base64")}" }`;
}

function plainText(bytes: Buffer): string {
  return JSON.stringify(bytes.toString());
}
