import type { Signature } from "../../../dataplane/signature.ts";
import type { NamedTensor, Tensor, TensorOf } from "../../../dataplane/tensor.ts";
import { dtypeNames } from "../tensors/dtypes.ts";
import { examplesInput } from "./example-run.ts";
import { faults } from "./faults.ts";

/** One class of an example. The label is empty when the signature has no classes, the score 0 when it has no scores. */
export interface ScoredClass {
  readonly label: string;
  readonly score: number;
}

/** Names of a classification signature's outputs. Throws TensorFlow Serving's fault for any other signature. */
export function classificationOutputs(signature: Signature, name: string): readonly string[] {
  if (signature.inputs.length !== 1) throw faults.InputNotOne({});
  const count = signature.outputs.length;
  if (count !== 1 && count !== 2) throw faults.ClassifyOutputCount({ count });
  if (signature.inputs[0]?.name !== examplesInput) {
    throw faults.SignatureKind({ kind: "classification inputs", signature: name });
  }
  const outputs = ["classes", "scores"].filter((output) => signature.outputs.some((spec) => spec.name === output));
  if (outputs.length === 0) throw faults.ClassifyOutputNames({ signature: name });
  return outputs;
}

/**
 * The classes of each example, from the outputs of a classification signature. Throws when the outputs are no classes of `rows`
 * examples.
 */
export function classRows(outputs: readonly NamedTensor[], rows: number): readonly (readonly ScoredClass[])[] {
  const tensorOf = (name: string): Tensor | undefined => outputs.find((output) => output.name === name)?.tensor;
  const classes = checkedRows(tensorOf("classes"), "classes", rows);
  const scores = checkedRows(tensorOf("scores"), "scores", rows);
  const labels = classes === undefined ? undefined : requireStrings(classes);
  const values = scores === undefined ? undefined : requireFloats(scores);
  const widths = [classes, scores].flatMap((tensor) => tensor?.shape[1] ?? []);
  const [width = 0, other = width] = widths;
  if (width !== other) throw faults.ClassifyWidths({ classes: width, scores: other });
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_, column): ScoredClass => {
      const at = row * width + column;
      return { label: text(labels?.data[at]), score: values?.data[at] ?? 0 };
    }),
  );
}

function checkedRows(tensor: Tensor | undefined, name: string, expected: number): Tensor | undefined {
  if (tensor === undefined) return undefined;
  const { shape } = tensor;
  const [rows = 0] = shape;
  if (shape.length !== 2) throw faults.ClassifyShape({ shape });
  if (rows !== expected) throw faults.ClassifyRows({ name, expected, rows });
  return tensor;
}

function requireStrings(tensor: Tensor): TensorOf<"string"> {
  if (tensor.dtype === "string") return tensor;
  throw faults.ClassifyDtype({ name: "classes", expected: "DT_STRING", dtype: dtypeNames[tensor.dtype].proto });
}

function requireFloats(tensor: Tensor): TensorOf<"float32"> {
  if (tensor.dtype === "float32") return tensor;
  throw faults.ClassifyDtype({ name: "scores", expected: "DT_FLOAT", dtype: dtypeNames[tensor.dtype].proto });
}

function text(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
