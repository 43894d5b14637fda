import { divided, isBatchable, joined } from "../../dataplane/batch.ts";
import type { Signature } from "../../dataplane/signature.ts";
import { elementCount, type Tensor, tensorArrays } from "../../dataplane/tensor.ts";
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
  if (maxBatchSize < 2 || !isBatchable(signature) || !isPlanned(model)) return first;
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
    const largest = this.#sessions.at(-1)?.[0] ?? 1;
    if (rows <= largest) return this.#filledUp(tensors, rows);
    const counts = Array.from({ length: Math.ceil(rows / largest) }, (_, i) => Math.min(largest, rows - i * largest));
    const parts = divided(tensors, counts);
    if (parts === undefined) throw new RangeError("an input does not have one row per row of the first");
    return joined(parts.map((part, i) => this.#filledUp(part, counts[i] ?? 0)));
  }

  close(): void {
    for (const [, session] of this.#sessions) session.close();
  }

  #filledUp(tensors: readonly Tensor[], rows: number): readonly Tensor[] {
    if (rows === 0) return this.#first.run(tensors);
    const [size, session] = this.#sessions.find(([size]) => size >= rows) ?? [rows, this.#first];
    if (size === rows) return session.run(tensors);
    const answers = session.run(joined([tensors, tensors.map((tensor) => zeros(tensor, size - rows))]));
    const parts = divided(answers, [rows, size - rows]);
    if (parts?.[0] === undefined) throw new RangeError("an output does not have one row per row of the inputs");
    return parts[0];
  }
}

function zeros({ dtype, shape: [, ...rest] }: Tensor, rows: number): Tensor {
  const shape = [rows, ...rest];
  const count = elementCount(shape);
  if (dtype === "string") return { dtype, shape, data: Array.from({ length: count }, () => new Uint8Array(0)) };
  const data = new tensorArrays[dtype](dtype.startsWith("complex") ? count * 2 : count);
  return { dtype, shape, data } as Tensor; // the array that belongs to `dtype`
}
