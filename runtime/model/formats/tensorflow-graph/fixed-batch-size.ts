import type { Signature, TensorSpec } from "../../../dataplane/signature.ts";
import { elementCount, type Tensor, tensorArrays } from "../../../dataplane/tensor.ts";

type Answer = readonly Tensor[] | Promise<readonly Tensor[]>;

/**
 * The batch size of a signature when it is fixed: `tf.saved_model.save` fixes it when every training batch was full. The size must be
 * the first of at least two dimensions of all inputs and outputs, which are taken for independent rows.
 */
export function fixedBatchSize({ inputs, outputs }: Signature): number | undefined {
  const [rows] = inputs[0]?.shape ?? [];
  const isFixed = [...inputs, ...outputs].every(({ shape }) => shape.length > 1 && shape[0] === rows);
  return isFixed && rows !== undefined && rows > 0 ? rows : undefined;
}

/** The signature with any number of rows, as clients see it. */
export function withAnyBatchSize({ inputs, outputs, ...rest }: Signature): Signature {
  const anySize = (spec: TensorSpec): TensorSpec => ({ ...spec, shape: [-1, ...spec.shape.slice(1)] });
  return { ...rest, inputs: inputs.map(anySize), outputs: outputs.map(anySize) };
}

/** Runs any number of rows in batches of the fixed size; the last batch is padded with zeros. */
export function runInFixedBatches(
  inputs: readonly Tensor[],
  batch: number,
  run: (inputs: readonly Tensor[]) => Answer,
): Answer {
  const rows = inputs[0]?.shape[0] ?? 0;
  if (rows === batch) return run(inputs);
  if (rows < batch) {
    const answer = run(inputs.map((input) => rowsOf(input, 0, batch)));
    const cut = (outputs: readonly Tensor[]): readonly Tensor[] => outputs.map((output) => rowsOf(output, 0, rows));
    return answer instanceof Promise ? answer.then(cut) : cut(answer);
  }
  return runSeveralBatches(inputs, batch, run);
}

async function runSeveralBatches(
  inputs: readonly Tensor[],
  batch: number,
  run: (inputs: readonly Tensor[]) => Answer,
): Promise<readonly Tensor[]> {
  const rows = inputs[0]?.shape[0] ?? 0;
  const answers: (readonly Tensor[])[] = [];
  for (let start = 0; start < rows; start += batch) {
    answers.push(await run(inputs.map((input) => rowsOf(input, start, batch))));
  }
  const [first = []] = answers;
  return first.map((_, output) =>
    concatenatedRows(
      answers.flatMap((answer) => answer[output] ?? []),
      rows,
    ),
  );
}

/** A copy of a range of rows; rows beyond the end are zero. */
export function rowsOf({ dtype, shape, data }: Tensor, start: number, rows: number): Tensor {
  const perRow = elementCount(shape.slice(1));
  const newShape = [rows, ...shape.slice(1)];
  if (dtype === "string") {
    const texts = Array.from({ length: rows * perRow }, (_, i) => data[start * perRow + i] ?? new Uint8Array(0));
    return { dtype, shape: newShape, data: texts };
  }
  const factor = dtype.startsWith("complex") ? 2 : 1;
  const copy = new tensorArrays[dtype](rows * perRow * factor);
  copy.set(data.subarray(start * perRow * factor, (start + rows) * perRow * factor) as never); // of the same type
  return { dtype, shape: newShape, data: copy } as Tensor; // `data` is the array for `dtype`
}

/** Concatenates tensors along the first axis and keeps the first `rows`. */
export function concatenatedRows(parts: readonly Tensor[], rows: number): Tensor {
  const [first] = parts;
  if (first === undefined) throw new RangeError("there are no tensors to concatenate");
  const whole = rowsOf(first, 0, rows);
  if (whole.dtype === "string") {
    const texts = parts.flatMap((part) => (part.dtype === "string" ? part.data : []));
    return { ...whole, data: texts.slice(0, whole.data.length) };
  }
  let start = 0;
  for (const { data } of parts) {
    whole.data.set(data.slice(0, whole.data.length - start) as never, start); // of the same type
    start += data.length;
  }
  return whole;
}
