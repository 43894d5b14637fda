import type { Signature } from "../../dataplane/signature.ts";
import { elementCount, type Tensor, tensorArrays } from "../../dataplane/tensor.ts";
import { rowsOf, stacked } from "../../model/formats/tensorflow-graph/fixed-batch.ts";
import type { OnnxSession } from "./session.ts";

/** How sessions on a GPU are made. */
export interface SessionSizes {
  /** Opens one more session of the same model. */
  readonly open: () => OnnxSession;
  /** See `OnnxRuntimeSettings`. */
  readonly maxBatchSize: number;
}

/** Operators whose work cuDNN plans for one exact shape, as a field `op_type` of onnx.proto. */
const planned = ["\x22\x04Conv", "\x22\x0dConvTranspose"];
/** From each number of rows to the next. */
const growth = 8;

/**
 * A session on a GPU, tried out. Of a model with convolutions it holds one for each of a few numbers of rows and fills other
 * batches up with zeros: ONNX Runtime keeps the plan of the last shape alone, and on an H200 a call with another number of rows
 * than the one before took 0.6 to 3 s, where one with the same took 2 ms. Rows are filled up only where batching may
 * join them anyway. Throws what `open` throws, and when one call shows that the GPU cannot run the model.
 */
export function sizedSession(model: Uint8Array, signature: Signature, sizes: SessionSizes): OnnxSession {
  const { open, maxBatchSize } = sizes;
  const first = open();
  try {
    tryOut(first, signature, 1);
  } catch (thrown) {
    first.close();
    throw thrown;
  }
  if (maxBatchSize < 2 || !hasRows(signature) || !isPlanned(model)) return first;
  const sessions = new Map([[1, first]]);
  for (const rows of furtherSizes(maxBatchSize)) {
    const session = openedFor(rows, open, signature);
    if (session !== undefined) sessions.set(rows, session);
  }
  return new SizedSession(sessions, first);
}

/** Numbers of rows beyond 1: 8, 64, …, and the largest batch. */
export function furtherSizes(maxBatchSize: number): readonly number[] {
  const sizes: number[] = [];
  for (let rows = growth; rows < maxBatchSize; rows *= growth) sizes.push(rows);
  return [...sizes, maxBatchSize];
}

/** Each row of the inputs is a row of the outputs. */
function hasRows({ inputs, outputs }: Signature): boolean {
  return [...inputs, ...outputs].every((spec) => spec.shape[0] === -1 && spec.default === undefined);
}

function isPlanned(model: Uint8Array): boolean {
  const bytes = Buffer.from(model.buffer, model.byteOffset, model.byteLength);
  return planned.some((field) => bytes.includes(field, 0, "latin1"));
}

/** A size that does not fit into the GPU's memory now is left out: smaller ones do its work. */
function openedFor(rows: number, open: () => OnnxSession, signature: Signature): OnnxSession | undefined {
  let session: OnnxSession | undefined;
  try {
    session = open();
    tryOut(session, signature, rows);
    return session;
  } catch {
    session?.close();
    return undefined;
  }
}

/** One run on zeros, where it is known which: plans are made, and memory that is missing shows. */
function tryOut(session: OnnxSession, { inputs }: Signature, rows: number): void {
  if (inputs.some(({ dtype, shape }) => dtype === "string" || shape.slice(1).includes(-1))) return;
  session.run(
    inputs.map(({ dtype, shape: [size, ...rest] }) => {
      const shape = size === undefined ? [] : [size === -1 ? rows : size, ...rest];
      const perNumber = dtype.startsWith("complex") ? 2 : 1;
      return { dtype, shape, data: new tensorArrays[dtype as "float32"](elementCount(shape) * perNumber) } as Tensor; // the array that belongs to `dtype`
    }),
  );
}

/** Holds the sessions of the numbers of rows that are run. */
class SizedSession implements OnnxSession {
  readonly device: string;
  readonly #sessions: readonly (readonly [rows: number, session: OnnxSession])[];
  readonly #first: OnnxSession;

  constructor(sessions: ReadonlyMap<number, OnnxSession>, first: OnnxSession) {
    this.#sessions = [...sessions];
    this.#first = first;
    this.device = first.device;
  }

  run(tensors: readonly Tensor[]): readonly Tensor[] {
    const rows = tensors[0]?.shape[0] ?? 0;
    if (rows === 0) return this.#first.run(tensors);
    const largest = this.#sessions.at(-1)?.[0] ?? 1;
    const answers: (readonly Tensor[])[] = [];
    for (let start = 0; start < rows; start += largest) {
      answers.push(this.#filledUp(tensors, start, Math.min(largest, rows - start)));
    }
    const [whole = []] = answers;
    return answers.length === 1
      ? whole
      : whole.map((_, i) =>
          stacked(
            answers.flatMap((answer) => answer[i] ?? []),
            rows,
          ),
        );
  }

  close(): void {
    for (const [, session] of this.#sessions) session.close();
  }

  #filledUp(tensors: readonly Tensor[], start: number, rows: number): readonly Tensor[] {
    const [size, session] = this.#sessions.find(([size]) => size >= rows) ?? [rows, this.#first];
    if (size === tensors[0]?.shape[0]) return session.run(tensors);
    const answers = session.run(tensors.map((tensor) => rowsOf(tensor, start, size)));
    if (answers.some(({ shape }) => shape[0] !== size)) {
      throw new RangeError("an output does not have one row per row of the inputs");
    }
    if (size === rows) return answers;
    return answers.map((answer) => rowsOf(answer, 0, rows));
  }
}
