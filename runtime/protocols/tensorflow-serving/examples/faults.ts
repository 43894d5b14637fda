import { faultCatalogue } from "../../../base/fault.ts";

type Sizes = readonly number[];

/** What TensorFlow Serving says of signatures and answers that are none of a classification or regression. */
export const faults = faultCatalogue<{
  ExamplesNone: object;
  InputNotOne: object;
  ClassifyOutputCount: { count: number };
  RegressOutputCount: object;
  SignatureKind: { kind: "classification inputs" | "regression inputs" | "regression outputs"; signature: string };
  ClassifyOutputNames: { signature: string };
  ClassifyShape: { shape: Sizes };
  ClassifyDtype: { name: string; expected: string; dtype: string };
  ClassifyRows: { name: string; expected: number; rows: number };
  ClassifyWidths: { classes: number; scores: number };
  RegressShape: { shape: Sizes };
  RegressRows: { expected: number; rows: number };
  RegressDtype: { dtype: string };
}>({
  ExamplesNone: said(() => "Input is empty."),
  InputNotOne: said(() => "Expected one input Tensor."),
  ClassifyOutputCount: said(({ count }) => `Expected one or two output Tensors, found ${count}`),
  RegressOutputCount: said(() => "Expected one output Tensor."),
  SignatureKind: said(({ kind, signature }) => `No ${kind} found in SignatureDef: ${signature}`),
  ClassifyOutputNames: said(
    ({ signature }) =>
      `Expected classification signature outputs to contain at least one of "classes" or "scores". Signature was: ${signature}`,
  ),
  ClassifyShape: said(({ shape }) => `Expected Tensor shape: [batch_size num_classes] but got ${sizes(shape)}`),
  ClassifyDtype: said(({ name, expected, dtype }) => `Expected ${name} Tensor of ${expected}. Got: ${dtype}`),
  ClassifyRows: said(({ name, expected, rows }) => `Expected ${name} output batch size of ${expected}. Got: ${rows}`),
  ClassifyWidths: said(
    ({ classes, scores }) => `Tensors class and score should match in dim_size(1). Got ${classes} vs. ${scores}`,
  ),
  RegressShape: said(
    ({ shape }) => `Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got ${sizes(shape)}`,
  ),
  RegressRows: said(
    ({ expected, rows }) => `Input batch size did not match output batch size: ${expected} vs. ${rows}`,
  ),
  RegressDtype: said(({ dtype }) => `Expected output Tensor of DT_FLOAT.  Got: ${dtype}`),
});

function sizes(shape: Sizes): string {
  return `[${shape.join(",")}]`;
}

/** TensorFlow Serving gives no hints, and none of its refusals gets better by asking again. */
function said<Args>(message: (args: Args) => string) {
  return { message, retry: "never", level: "info" } as const;
}
