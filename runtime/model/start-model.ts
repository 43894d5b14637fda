import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { InferTarget } from "../dataplane/infer.ts";
import { type ServedModel, type ServeOptions, serveModel } from "../dataplane/served-model.ts";
import type { Signatures, TensorSpec } from "../dataplane/signature.ts";
import type { LoadedModel } from "../engines/engine.ts";
import { faults } from "./faults.ts";
import { type LoadOptions, type ModelInMemory, loadModel } from "./formats/load-model.ts";
import type { PlacedModel, PlacementTerms } from "./threading/model-placement.ts";
import type { RegisteredVersion } from "./registry.ts";
import { checkDigest, fileDigest, folderDigest } from "./source/digest.ts";
import { type ModelFile, modelFile } from "./source/model-file.ts";
import { batchWarmUpRuns, fittingRuns } from "./warm-up.ts";

/** Names of inputs and outputs. */
export interface ExpectedNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What is to be told of them. */
  readonly notes?: ReadonlyMap<string, Pick<TensorSpec, "classes" | "layout">>;
}

/** A model to be brought from its file to its first answer. */
export interface BringUp {
  readonly path: string;
  readonly volume?: string;
  /** Its format and engine. */
  readonly load: LoadOptions;
  /** How it is found whether it runs beside the event loop; absent: it runs on it. */
  readonly placement?: Omit<PlacementTerms, "clock">;
  readonly digest?: string;
  /** Names that the model must have. */
  readonly names?: ExpectedNames;
  /** Whether made-up requests run before it is ready. */
  readonly warmsUp: boolean;
  /** Runs the requests that are given for it; absent: there are none. */
  readonly warmUp?: WarmUp;
  readonly serving: ServeOptions;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs requests before a model is ready. Rejects with a Fault when the model is not fit to be. */
export type WarmUp = (target: InferTarget, file: ModelFile) => Promise<void>;

/** A ready model and what is to be told about it. */
export interface ReadyModel {
  readonly served: ServedModel;
  /** Of a model that is a folder. */
  readonly folder?: string;
  readonly format: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** Time from the start of the load to the answer of the warm-up request. */
  readonly loadMs: number;
}

/** Finds, verifies, loads and warms up a model, telling each step to its entry in the registry. Throws a Fault. */
export async function bringUp(version: RegisteredVersion, order: BringUp): Promise<ReadyModel> {
  const { clock, log } = order;
  const start = clock.monotonic();
  const file = await modelFile(order.path, order.volume);
  version.happen("fetched");
  log.info("model found", { path: file.path, bytes: file.sizeBytes });
  const digest = await verified(file, order.digest);
  version.happen("verified");
  const { format, model, place } = await placed(file.path, order);
  try {
    checkNames(order, model.signatures);
    addNotes(model, order.names?.notes);
    const served = serveModel(model, { ...order.serving, runsOnEventLoop: place !== "thread" });
    version.load(served);
    const { engine, note } = model;
    log.info("model loaded", { format, engine, digest, ...(note === undefined ? {} : { note }) });
    if (order.warmsUp) await warmUpBatches(model, order);
    await order.warmUp?.(served, file);
    version.happen("warmed");
    const folder = file.kind === "folder" ? { folder: file.path } : {};
    return { served, ...folder, format, digest, sizeBytes: file.sizeBytes, loadMs: clock.monotonic() - start };
  } catch (thrown) {
    model.unload();
    throw thrown;
  }
}

async function placed(
  path: string,
  { load, placement, clock }: BringUp,
): Promise<ModelInMemory & Partial<Pick<PlacedModel, "place">>> {
  if (placement === undefined) return await loadModel(path, load);
  const { placedModel } = await import("./threading/model-placement.ts");
  return await placedModel([path, load], { ...placement, clock });
}

/** Throws `ModelConfigurationMismatch` for a name that the model does not have. */
function checkNames({ serving, names }: BringUp, signatures: Signatures): void {
  if (names === undefined) return;
  for (const kind of ["inputs", "outputs"] as const) {
    const known = new Set([...signatures.values()].flatMap((signature) => signature[kind].map(({ name }) => name)));
    const found = names[kind].find((name) => !known.has(name));
    if (found === undefined) continue;
    const what = `the name of one of its ${kind}`;
    throw faults.ModelConfigurationMismatch({ model: serving.name, what, found, expected: [...known].join(", ") });
  }
}

function addNotes(model: LoadedModel, notes: ExpectedNames["notes"]): void {
  if (notes === undefined || notes.size === 0) return;
  const noted = (spec: TensorSpec): TensorSpec => ({ ...spec, ...notes.get(spec.name) });
  const signatures: Signatures = new Map(
    [...model.signatures].map(([name, signature]) => {
      const { inputs, outputs } = signature;
      return [name, { ...signature, inputs: inputs.map(noted), outputs: outputs.map(noted) }];
    }),
  );
  Object.defineProperty(model, "signatures", { value: signatures });
}

async function verified(file: ModelFile, expected: string | undefined): Promise<string> {
  const digest = file.kind === "folder" ? await folderDigest(file.files) : await fileDigest(file.path);
  checkDigest(file.path, digest, expected);
  return digest;
}

/** Sizes of batches are tried for so long. */
const batchWarmUpMs = 1_000;

/** What fails with one row refuses the model; a batch that fails is run request by request later, and only tells so. */
async function warmUpBatches(model: LoadedModel, { serving, clock, log }: BringUp): Promise<void> {
  const { signatures } = model;
  const { runs, refused } = await fittingRuns(signatures, (inputs, name) => model.infer(inputs, name));
  for (const [signature, thrown] of refused) {
    log.warn("the model takes no request that was made up", { signature, reason: Fault.from(thrown).message });
  }
  const latest = clock.monotonic() + batchWarmUpMs;
  for (const [name, inputs] of batchWarmUpRuns(runs, signatures, serving.batching.maxBatchSize)) {
    if (clock.monotonic() > latest) return;
    try {
      await model.infer(inputs, name);
    } catch (thrown) {
      log.warn("the model refuses batches", { signature: name, reason: Fault.from(thrown).message });
      return;
    }
  }
}
