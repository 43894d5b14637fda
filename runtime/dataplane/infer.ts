import { Fault } from "../base/fault.ts";
import { faults } from "./faults.ts";
import type { RunStatistics } from "./run-statistics.ts";
import { type Signature, type Signatures, signatureName } from "./signature.ts";
import type { NamedTensor, Tensor } from "./tensor.ts";
import { shapeDoubt, validatedInputs, validatedOutputNames } from "./validate.ts";

/** Which model a request means. Neither `version` nor `label`: the version that the registry serves by default. */
export interface ModelReference {
  readonly name: string;
  readonly version?: number;
  readonly label?: string;
}

/** Says whether somebody has lost interest. An AbortSignal is one; to make one for each request costs more than to ask. */
export interface Abortable {
  readonly aborted: boolean;
}

/** One request, free of any protocol. */
export interface InferRequest {
  readonly model: ModelReference;
  /** Name of the signature; absent: the default one. */
  readonly signature?: string;
  readonly inputs: readonly NamedTensor[];
  /** Names of the outputs wanted, in this order; absent: all, in the signature's order. */
  readonly outputs?: readonly string[];
  /** `Clock.monotonic()` after which the answer is of no use: not executed once it is past. */
  readonly deadline?: number;
  /** Aborted once the client has left: not executed then. */
  readonly signal?: Abortable;
}

/** Outputs, and which version they are of. */
export interface InferAnswer {
  readonly model: string;
  readonly version: number;
  readonly outputs: readonly NamedTensor[];
}

/** Under which signature inputs run, and until when. */
export type RunTerms = Pick<InferRequest, "signature" | "deadline" | "signal">;

/** A ready version of a model behind its queue (see `served-model.ts`). */
export interface InferTarget {
  readonly name: string;
  readonly version: number;
  readonly signatures: Signatures;
  /** Queues validated inputs and resolves with the outputs in the order of the signature. Rejects with a Fault. */
  run(inputs: readonly Tensor[], terms: RunTerms): Promise<readonly Tensor[]>;
  /** Why `run` would refuse any request at the moment, whatever it holds; it counts as refused. */
  refusal?(): Fault | undefined;
  /** What has run on it; absent: nobody counts. */
  statistics?(): RunStatistics;
}

/** Finds a ready model. Throws a Fault (unknown name, unknown version, not ready). The registry implements it. */
export type ModelLookup = (reference: ModelReference) => InferTarget;

/** Look-up → validate → admit → batch → engine. Rejects with a Fault of `faults.ts` or of the look-up. */
export async function infer(lookup: ModelLookup, request: InferRequest): Promise<InferAnswer> {
  const target = lookup(request.model);
  const signature = signatureOf(target, request.signature);
  const inputs = validatedInputs(signature, request.inputs);
  const wanted = validatedOutputNames(signature, request.outputs);
  let outputs: readonly Tensor[];
  try {
    outputs = await target.run(inputs, request);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    throw (fault.code === "EngineFailed" ? shapeDoubt(signature, request.inputs) : undefined) ?? fault;
  }
  return { model: target.name, version: target.version, outputs: selected(signature, outputs, wanted) };
}

/** The signature that is meant, see `signatureName`. Throws `SignatureMissing`. */
export function signatureOf({ name: model, signatures }: InferTarget, name?: string): Signature {
  const meant = signatureName(signatures, name);
  const found = signatures.get(meant);
  if (found === undefined) throw faults.SignatureMissing({ model, name: meant, known: [...signatures.keys()] });
  return found;
}

function selected(
  { outputs: specs }: Signature,
  outputs: readonly Tensor[],
  wanted: readonly string[] | undefined,
): readonly NamedTensor[] {
  const named: NamedTensor[] = [];
  for (let i = 0; i < specs.length; i++) {
    const [name, tensor] = [specs[i]?.name, outputs[i]];
    if (name !== undefined && tensor !== undefined) named.push({ name, tensor });
  }
  if (wanted === undefined || isAll(wanted, named)) return named;
  return wanted.flatMap((name) => named.filter((output) => output.name === name));
}

/** Whether these are the names of all, in their order. */
function isAll(wanted: readonly string[], named: readonly NamedTensor[]): boolean {
  return wanted.length === named.length && wanted.every((name, i) => name === named[i]?.name);
}
