import { Fault } from "../base/fault.ts";
import { isBatchable } from "../dataplane/batch.ts";
import type { Signature, Signatures, TensorSpec } from "../dataplane/signature.ts";
import { type Tensor, elementCount, tensorArrays } from "../dataplane/tensor.ts";

/** A made-up run of each signature that one can be made up for: texts hold examples and the like, which a model may refuse. */
export function warmUpRuns(signatures: Signatures): readonly WarmUpRun[] {
  const plain = [...signatures].filter(([, { inputs }]) => inputs.every(({ dtype }) => dtype !== "string"));
  return plain.map(([name, signature]) => [name, warmUpInputs(signature)]);
}

/** The name of a signature and inputs for it. */
export type WarmUpRun = readonly [name: string, inputs: readonly Tensor[]];

type Infer = (inputs: readonly Tensor[], signature: string) => unknown;

/** Tried in turn for what is free of a row: images of networks that halve them several times have to be of some size. */
const freeSizes = [1, 8, 32, 64, 224] as const;

/** Made-up runs that a model takes, and of signatures with free sizes of which it takes none the reason. */
export interface FittingRuns {
  readonly runs: readonly WarmUpRun[];
  readonly refused: ReadonlyMap<string, unknown>;
}

/**
 * Runs each signature once. Where rows have free sizes, one that the model refuses says nothing of it: the next is tried, and none
 * is needed. Rejects with what the model says of sizes that are its own.
 */
export async function fittingRuns(signatures: Signatures, infer: Infer): Promise<FittingRuns> {
  const runs: WarmUpRun[] = [];
  const refused = new Map<string, unknown>();
  for (const [name] of warmUpRuns(signatures)) {
    const { inputs = [] } = signatures.get(name) ?? {};
    const isFree = inputs.some(({ shape }) => shape.slice(1).includes(-1));
    const { run, reason } = await firstFitting(name, isFree ? freeSizes : [1], { inputs, infer });
    if (run !== undefined) runs.push(run);
    else if (isFree || areValuesRefused(reason)) refused.set(name, reason);
    else throw reason;
  }
  return { runs, refused };
}

/** A lookup that has to know each key does not know the made-up one. */
function areValuesRefused(reason: unknown): boolean {
  return reason instanceof Fault && reason.code === "ValuesRefused";
}

interface Trial {
  readonly inputs: readonly TensorSpec[];
  readonly infer: Infer;
}

/** The first run that the model takes, or why it does not take the first of them. */
async function firstFitting(
  name: string,
  sizes: readonly number[],
  { inputs, infer }: Trial,
): Promise<{ readonly run?: WarmUpRun; readonly reason?: unknown }> {
  const reasons: unknown[] = [];
  for (const size of sizes) {
    const run: WarmUpRun = [name, inputs.map((spec) => zeros(spec, 1, size))];
    try {
      await infer(run[1], name);
      return { run };
    } catch (thrown) {
      reasons.push(thrown);
    }
  }
  return { reason: reasons[0] };
}

/** Runs with 2, 4, 8, … rows up to the largest batch, of the signatures whose requests run together. */
export function batchWarmUpRuns(
  runs: readonly WarmUpRun[],
  signatures: Signatures,
  maxBatchSize: number,
): readonly WarmUpRun[] {
  const batchable = runs.filter(([name]) => {
    const signature = signatures.get(name);
    return signature !== undefined && isBatchable(signature);
  });
  const sizes = Array.from({ length: Math.floor(Math.log2(Math.max(1, maxBatchSize))) }, (_, i) => 2 ** (i + 1));
  const largest = sizes.at(-1) === maxBatchSize || maxBatchSize < 2 ? [] : [maxBatchSize];
  return [...sizes, ...largest].flatMap((rows) =>
    batchable.map(
      ([name, inputs]) =>
        [name, inputs.map(({ dtype, shape }) => zeros({ name, dtype, shape: [-1, ...shape.slice(1)] }, rows))] as const,
    ),
  );
}

/** One row of zeros for every input: what the first inference runs on before a model is ready. Free sizes become 1. */
export function warmUpInputs({ inputs }: Signature): readonly Tensor[] {
  return inputs.map((spec) => zeros(spec, 1));
}

function zeros({ dtype, shape: sizes }: TensorSpec, rows: number, freeSize = 1): Tensor {
  const shape = sizes.map((size, axis) => (size === -1 ? (axis === 0 ? rows : freeSize) : size));
  const count = elementCount(shape);
  if (dtype === "string") return { dtype, shape, data: Array.from({ length: count }, () => new Uint8Array(0)) };
  const data = new tensorArrays[dtype](dtype.startsWith("complex") ? count * 2 : count);
  return { dtype, shape, data } as Tensor; // `data` is the array that `tensorArrays` has for `dtype`
}
