import { availableParallelism } from "node:os";
import { addressLines, failedLine, readyLine, stateLine } from "./status-lines.ts";
import type { Clock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import { hasGpu } from "./engines/gpu.ts";
import { concurrencyLimit } from "./model/concurrency-limit.ts";
import type { EngineSettings } from "./model/formats/engine-choice.ts";
import type { ModelFacts, ModelState } from "./contract/model-facts.ts";
import { type ReadyModel, startModel } from "./model/start-model.ts";
import { modelSource } from "./model/model-source.ts";
import { type ModelRegistry, modelRegistry } from "./model/registry.ts";
import { repositoryFaults } from "./model/repository/faults.ts";
import type { StartVersion } from "./model/repository/model-lifecycle.ts";
import { Repository } from "./model/repository/repository.ts";
import { overallState, versionFacts } from "./model/version-facts.ts";
import type { ServeOptions } from "./options.ts";
import type { Models } from "./protocols/protocol.ts";
import type { Serving } from "./serving.ts";

/** What `serve` depends on. */
export interface ServeParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Prints a line for the user. */
  readonly print: (line: string) => void;
  /** Aborts to shut down. */
  readonly stop: AbortSignal;
}

/** Serves models until `stop` aborts and the last request is answered. Throws a Fault when it cannot serve. */
export async function serve(options: ServeOptions, parts: ServeParts): Promise<void> {
  const { clock, log, print, stop } = parts;
  const status: ServeStatus = { stuck: [] };
  const registry = modelRegistry((name, version, state) =>
    reportState({ name, version, state }, { registry, status, parts }),
  );
  const repository = new Repository({
    source: modelSource(options.models),
    registry,
    startVersion: versionStarter(options, { registry, status, parts }),
    pollIntervalMs: options.pollIntervalMs,
    clock,
    log,
  });
  // Other threads read the model files while the code of the servers is loaded.
  const loading = repository.load();
  loading.catch(() => {}); // awaited below, after the ports are open
  const models = servedModels(options, registry, repository);
  const { openServing } = await import("./serving.ts");
  const state = (): ModelState => (stop.aborted ? drainingState(registry) : overallState(models));
  const facts = (): readonly ModelFacts[] => factsOf(registry, repository);
  const serving = await openServing(options, {
    ...parts,
    models,
    state,
    facts,
    stuck: () => status.stuck,
    goldenRequests: (model) => goldenRequestsOf(model, repository),
    isDraining: () => stop.aborted,
  });
  status.serving = serving;
  reportPastStates(registry, repository, serving);
  for (const line of addressLines(options.host, serving)) print(line);
  await Promise.race([loading, aborted(stop)]);
  if (!stop.aborted) {
    checkAnyReady(options, repository);
    print("ready");
    log.info("ready", { models: registry.names().length });
    await aborted(stop);
  }
  await drain(serving, repository, { ...parts, options });
}

interface ServeStatus {
  /** Absent until the ports are open. */
  serving?: Serving;
  /** Versions with an engine call that hangs and cannot be ended, once per call. */
  stuck: readonly string[];
}

/** Records a hanging call of a version; the returned function removes it if the call ends after all. */
function stuckReporter({ status, parts: { log } }: ServeContext, model: string, version: string): () => () => void {
  return () => {
    const entry = `${model} version ${version}`;
    status.stuck = [...status.stuck, entry];
    log.error("a call does not end and cannot be ended", { model, version });
    return () => {
      status.stuck = status.stuck.toSpliced(status.stuck.indexOf(entry), 1);
    };
  };
}

/** The models as protocols see them: the registry, with the repository's readiness, and its control where allowed. */
function servedModels(options: ServeOptions, registry: ModelRegistry, repository: Repository): Models {
  const { control } = repository;
  return {
    ...registry,
    isReady: () => repository.isReady,
    isStarting: () => !repository.hasScanned,
    ...(options.allowsModelControl ? { control } : {}),
  };
}

/** Up to so many models each get their own threads; with a thousand models these would be thousands. */
const maxThreadedModels = 4;

/** Loads versions of models, a limited number at a time, since each takes a core and memory to read. */
function versionStarter(options: ServeOptions, context: ServeContext): StartVersion {
  const { registry, status, parts } = context;
  const { clock, log, print } = parts;
  const limited = concurrencyLimit(availableParallelism());
  const { serving } = options;
  const hasManyModels = (): boolean => registry.names().length > maxThreadedModels;
  return async (entry, configuration, { number, path, volume }) => {
    const { name, format, digest, triton, fault } = configuration;
    if (fault !== undefined) throw fault;
    const batching = { ...serving.batching, maxBatchSize: largestBatch(serving.batching.maxBatchSize, triton) };
    const version = String(number);
    const labels = { model: name, version: number };
    const ready = await limited(() =>
      startModel(entry, {
        path,
        volume,
        load: { format, ...engineSettings(options, batching.maxBatchSize, hasManyModels()) },
        ...(hasManyModels()
          ? {}
          : {
              placement: {
                isLoopBusy: false,
                maxCallMs: serving.timeoutMs,
                onStuck: stuckReporter(context, name, version),
              },
            }),
        ...(digest === undefined ? {} : { digest }),
        ...(triton === undefined ? {} : { names: triton }),
        warmsUp: serving.warmsUp,
        warmUp: async (target, file) => {
          if (serving.warmUpRequests.length === 0 && file.kind === "file") return;
          const { requestWarmUp } = await import("./request-warm-up.ts");
          await requestWarmUp(serving.warmUpRequests, clock)(target, file);
        },
        serving: {
          name,
          version: number,
          batching,
          clock,
          onBatch: (batch) => status.serving?.metrics.batchRan(labels, batch),
        },
        clock,
        log: log.with({ model: name, version: number }),
      }),
    );
    status.serving?.metrics.versionReady(labels, ready);
    log.info("model ready", {
      ...versionFacts({ name, version, state: "Ready" }, ready),
      loadMs: Math.round(ready.loadMs),
    });
    print(readyLine({ name, version: number }, ready));
    return ready;
  };
}

/** With many models in one process each gets one thread, unless the options say otherwise. */
function engineSettings(
  { engine, threads }: ServeOptions,
  maxBatchSize: number,
  hasManyModels: boolean,
): EngineSettings {
  const wanted = threads ?? (hasManyModels ? 1 : undefined);
  return { engine, wantsGpu: hasGpu(), maxBatchSize, ...(wanted === undefined ? {} : { threads: wanted }) };
}

/** Applies Triton's `max_batch_size`; 0 means that the model does not support batching. */
function largestBatch(wanted: number, triton: { readonly maxBatchSize?: number } | undefined): number {
  return triton?.maxBatchSize === undefined ? wanted : Math.max(1, Math.min(wanted, triton.maxBatchSize));
}

interface StateChange {
  readonly name: string;
  readonly version: number;
  readonly state: ModelState;
}

interface ServeContext {
  readonly registry: ModelRegistry;
  readonly status: ServeStatus;
  readonly parts: ServeParts;
}

function reportState(
  { name, version, state }: StateChange,
  { registry, status, parts: { log, print } }: ServeContext,
): void {
  // When a version is loaded twice, as during a reload, the metrics show the one that serves.
  const report = registry.versions(name).find((candidate) => candidate.version === version);
  status.serving?.metrics.versionState({ model: name, version }, report?.state ?? state);
  const failure = state === "Failed" ? report?.fault : undefined;
  log.info("model state", { model: name, version, state, ...(failure === undefined ? {} : { fault: failure }) });
  const line = failure === undefined ? stateLine({ name, version }, state) : failedLine({ name, version }, failure);
  if (line !== undefined) print(line);
}

/** Throws when the only model, given by its path, failed to load. A repository may get other models later. */
function checkAnyReady({ models }: ServeOptions, repository: Repository): void {
  if (models.kind !== "path" || repository.isReady) return;
  throw repository.fault ?? repositoryFaults.VersionsMissing({ folder: models.path });
}

/** Serves on until clients have noticed the shutdown, then completes accepted requests and frees the models. */
async function drain(
  { front, grpc, admin }: Serving,
  repository: Repository,
  { options, clock, log }: ServeParts & { readonly options: ServeOptions },
): Promise<void> {
  const { isReady } = repository;
  repository.startDraining();
  log.info("draining", { delayMs: options.drainDelayMs });
  if (isReady) {
    await grpc.goAway();
    await clock.sleep(options.drainDelayMs);
  }
  clock.after(options.serving.timeoutMs, () => {
    front.destroy();
    grpc.destroy();
  });
  await Promise.all([front.close(), grpc.close()]);
  await repository.drain();
  admin.destroy();
  await admin.close();
}

/** Reports the states that versions reached before the ports, and with them the metrics, existed. */
function reportPastStates(registry: ModelRegistry, repository: Repository, { metrics }: Serving): void {
  for (const model of registry.names()) {
    for (const { version, state } of registry.versions(model)) metrics.versionState({ model, version }, state);
  }
  for (const { name: model, versions } of repository.models) {
    for (const { found, ready } of versions) {
      if (ready !== undefined) metrics.versionReady({ model, version: found.number }, ready);
    }
  }
}

/** Facts of every version, by model and number; of a loading version those already known. */
function factsOf(registry: ModelRegistry, repository: Repository): readonly ModelFacts[] {
  const ready = new Map<string, ReadyModel | undefined>(
    repository.models.flatMap(({ name, versions }) =>
      versions.map((life) => [`${name}/${life.found.number}`, life.ready] as const),
    ),
  );
  return registry.names().flatMap((name) =>
    registry.versions(name).map(({ version, state }) => {
      const number = String(version);
      return versionFacts({ name, version: number, state }, ready.get(`${name}/${number}`));
    }),
  );
}

async function goldenRequestsOf({ name, version }: ModelFacts, repository: Repository): Promise<string | undefined> {
  const lives = repository.models.flatMap((model) => (model.name === name ? model.versions : []));
  const ready = lives.findLast(({ found }) => String(found.number) === version)?.ready;
  if (ready?.folder === undefined) return undefined;
  const { recordedGoldenRequests } = await import("./golden-requests.ts");
  return recordedGoldenRequests(ready);
}

function drainingState(registry: ModelRegistry): ModelState {
  const states = registry.names().flatMap((name) => registry.versions(name).map(({ state }) => state));
  return states.includes("Draining") || states.includes("Ready") ? "Draining" : "Unloaded";
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
