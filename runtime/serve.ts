import type { Clock } from "./base/clock.ts";
import { Fault } from "./base/fault.ts";
import type { Log } from "./base/log.ts";
import type { ModelFacts } from "./contract/model-facts.ts";
import { signatureOf } from "./dataplane/infer.ts";
import type { BatchRun } from "./figures.ts";
import { type ReadyModel, bringUp } from "./model/bring-up.ts";
import { faults as modelFaults } from "./model/faults.ts";
import { type RegisteredVersion, modelRegistry } from "./model/registry.ts";
import { signatureText } from "./model/signature-text.ts";
import type { ServeOptions } from "./options.ts";
import type { Serving } from "./serving.ts";

/** What `serve` takes from the process it runs in. */
export interface ServeParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the process shall end. */
  readonly stop: AbortSignal;
}

/** Serves one version of a model until `stop` aborts and the last request is answered. Throws a Fault when it cannot. */
export async function serve(options: ServeOptions, parts: ServeParts): Promise<void> {
  const { log, stop } = parts;
  const opened: { serving?: Serving; ready?: ReadyModel } = {};
  const registry = modelRegistry((name, number, state) => {
    opened.serving?.figures.modelState(name, number, state);
    log.info("model state", { model: name, version: number, state });
  });
  const version = registry.add(options.name, options.version);
  // The model file is read in another thread: that begins before the servers' code is even loaded.
  const raising = raised(version, options, parts, (batch) => opened.serving?.figures.batchRan(batch));
  raising.catch(() => {}); // awaited below, after the ports are open
  const { openServing } = await import("./serving.ts");
  const facts = (): ModelFacts => modelFacts(options, version, opened.ready);
  const state = (): ModelFacts["state"] => version.state;
  const served = { ...parts, models: registry, state, facts, isDraining: () => stop.aborted };
  const serving = await openServing(options, served);
  opened.serving = serving;
  serving.figures.modelState(options.name, options.version, version.state);
  const ready = await Promise.race([raising, aborted(stop)]);
  if (ready !== undefined) {
    opened.ready = ready;
    serving.figures.modelLoaded(ready.loadMs);
    log.info("model ready", { ...facts(), loadMs: Math.round(ready.loadMs) });
    await aborted(stop);
  }
  await drained(version, serving, ready, { ...parts, options });
}

/** Brings the model up; its entry in the registry tells how far it is, or why it failed. */
async function raised(
  version: RegisteredVersion,
  options: ServeOptions,
  { clock, log }: ServeParts,
  onBatch: (batch: BatchRun) => void,
): Promise<ReadyModel> {
  try {
    const available = ["TensorFlowJs"];
    const { engine, name, serving, path, volume, format, digest } = options;
    if (engine !== "Auto" && !available.includes(engine)) throw modelFaults.EngineUnavailable({ engine, available });
    return await bringUp(version, {
      path,
      format,
      ...(volume === undefined ? {} : { volume }),
      ...(digest === undefined ? {} : { digest }),
      warmsUp: serving.warmsUp,
      serving: { name, version: options.version, batching: serving.batching, clock, onBatch },
      clock,
      log,
    });
  } catch (thrown) {
    const fault = Fault.from(thrown);
    version.fail(fault.record);
    throw fault;
  }
}

/** Serves on while the news spreads that this pod goes, then ends what was accepted and frees the model. */
async function drained(
  version: RegisteredVersion,
  { front, admin }: Serving,
  ready: ReadyModel | undefined,
  { options, clock, log }: ServeParts & { readonly options: ServeOptions },
): Promise<void> {
  version.happen("stopping");
  log.info("draining", { delayMs: options.drainDelayMs });
  if (version.state === "Draining") await clock.sleep(options.drainDelayMs);
  clock.after(options.serving.timeoutMs, () => front.cut());
  await front.close();
  await ready?.served.drain();
  version.happen("unloaded");
  admin.cut();
  await admin.close();
}

function modelFacts(options: ServeOptions, version: RegisteredVersion, ready: ReadyModel | undefined): ModelFacts {
  return {
    name: options.name,
    version: String(options.version),
    state: version.state,
    format: ready?.format ?? "",
    engine: ready?.served.loaded.engine ?? "",
    digest: ready?.digest ?? "",
    bytes: ready?.sizeBytes ?? 0,
    signature: ready === undefined ? "" : signatureText(signatureOf(ready.served)),
  };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
