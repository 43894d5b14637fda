import { availableParallelism } from "node:os";
import { addressLines, failedLine, readyLine, stateLine } from "./announcements.ts";
import type { Clock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import { concurrencyLimit } from "./base/concurrency-limit.ts";
import { hasGpu } from "./engines/gpu.ts";
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

/** What `serve` takes from the process it runs in. */
export interface ServeParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Shows a line to whoever started it. */
  readonly print: (line: string) => void;
  /** Aborts when the process shall end. */
  readonly stop: AbortSignal;
}

/** Serves models until `stop` aborts and the last request is answered. Throws a Fault when it cannot. */
export async function serve(options: ServeOptions, parts: ServeParts): Promise<void> {
  const { clock, log, print, stop } = parts;
  const opened: Opened = { stuck: [] };
  const registry = modelRegistry((name, version, state) => told({ name, version, state }, { registry, opened, parts }));
  const repository = new Repository({
    source: modelSource(options.models),
    registry,
    startVersion: startVersionWith(options, { registry, opened, parts }),
    pollIntervalMs: options.pollIntervalMs,
    clock,
    log,
  });
  // Model files are read in other threads: that begins before the servers' code is even loaded.
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
    stuck: () => opened.stuck,
    goldenRequests: (model) => goldenRequestsOf(model, repository),
    isDraining: () => stop.aborted,
  });
  opened.serving = serving;
  tellAll(registry, repository, serving);
  for (const line of addressLines(options.host, serving)) print(line);
  await Promise.race([loading, aborted(stop)]);
  if (!stop.aborted) {
    checkServes(options, repository);
    print("ready");
    log.info("ready", { models: registry.names().length });
    await aborted(stop);
  }
  await drained(serving, repository, { ...parts, options });
}

interface Opened {
  serving?: Serving;
  /** Versions with a call that nothing can end; one that has several stands there several times. */
  stuck: readonly string[];
}

/** Notes that a call does not end, until it has ended after all. */
function stuckBy({ opened, parts: { log } }: Listeners, model: string, version: string): () => () => void {
  return () => {
    const entry = `${model} version ${version}`;
    opened.stuck = [...opened.stuck, entry];
    log.error("a call does not end and cannot be ended", { model, version });
    return () => {
      opened.stuck = opened.stuck.toSpliced(opened.stuck.indexOf(entry), 1);
    };
  };
}

/** What protocols see: the registry, ready when the repository is, changeable where that is allowed. */
function servedModels(options: ServeOptions, registry: ModelRegistry, repository: Repository): Models {
  const { control } = repository;
  return {
    ...registry,
    isReady: () => repository.isReady,
    isStarting: () => !repository.hasScanned,
    ...(options.allowsModelControl ? { control } : {}),
  };
}

/** So many models may have threads of their own, and several of them: a thousand models would have thousands. */
const maxThreaded = 4;

/** Loads a version of a model, few at a time: each one takes a core and memory to read. */
function startVersionWith(options: ServeOptions, listeners: Listeners): StartVersion {
  const { registry, opened, parts } = listeners;
  const { clock, log, print } = parts;
  const limited = concurrencyLimit(availableParallelism());
  const { serving } = options;
  const isCrowded = (): boolean => registry.names().length > maxThreaded;
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
        load: { format, ...engineSettings(options, batching.maxBatchSize, isCrowded()) },
        ...(isCrowded()
          ? {}
          : {
              placement: {
                isLoopBusy: false,
                maxCallMs: serving.timeoutMs,
                onStuck: stuckBy(listeners, name, version),
              },
            }),
        ...(digest === undefined ? {} : { digest }),
        ...(triton === undefined ? {} : { names: triton }),
        warmsUp: serving.warmsUp,
        warmUp: async (target, file) => {
          if (serving.warmUpRequests.length === 0 && file.kind === "file") return;
          const { givenWarmUp } = await import("./given-warm-up.ts");
          await givenWarmUp(serving.warmUpRequests, clock)(target, file);
        },
        serving: {
          name,
          version: number,
          batching,
          clock,
          onBatch: (batch) => opened.serving?.metrics.batchRan(labels, batch),
        },
        clock,
        log: log.with({ model: name, version: number }),
      }),
    );
    opened.serving?.metrics.versionReady(labels, ready);
    log.info("model ready", {
      ...versionFacts({ name, version, state: "Ready" }, ready),
      loadMs: Math.round(ready.loadMs),
    });
    print(readyLine({ name, version: number }, ready));
    return ready;
  };
}

/** Of many models in one process each has one thread, where nothing else is asked for. */
function engineSettings({ engine, threads }: ServeOptions, maxBatchSize: number, isCrowded: boolean): EngineSettings {
  const wanted = threads ?? (isCrowded ? 1 : undefined);
  return { engine, wantsGpu: hasGpu(), maxBatchSize, ...(wanted === undefined ? {} : { threads: wanted }) };
}

/** Triton's `max_batch_size`: 0 says that the model knows no batches. */
function largestBatch(wanted: number, triton: { readonly maxBatchSize?: number } | undefined): number {
  return triton?.maxBatchSize === undefined ? wanted : Math.max(1, Math.min(wanted, triton.maxBatchSize));
}

interface StateNews {
  readonly name: string;
  readonly version: number;
  readonly state: ModelState;
}

interface Listeners {
  readonly registry: ModelRegistry;
  readonly opened: Opened;
  readonly parts: ServeParts;
}

function told({ name, version, state }: StateNews, { registry, opened, parts: { log, print } }: Listeners): void {
  // Of two lives of one version the metrics show the one that serves.
  const report = registry.versions(name).find((candidate) => candidate.version === version);
  opened.serving?.metrics.versionState({ model: name, version }, report?.state ?? state);
  const failure = state === "Failed" ? report?.fault : undefined;
  log.info("model state", { model: name, version, state, ...(failure === undefined ? {} : { fault: failure }) });
  const line = failure === undefined ? stateLine({ name, version }, state) : failedLine({ name, version }, failure);
  if (line !== undefined) print(line);
}

/** A path that leads to nothing that can be served ends the process; in a repository others may come. */
function checkServes({ models }: ServeOptions, repository: Repository): void {
  if (models.kind !== "path" || repository.isReady) return;
  throw repository.fault ?? repositoryFaults.VersionsMissing({ folder: models.path });
}

/** Serves on while the news spreads that this process goes, then ends what was accepted and frees the models. */
async function drained(
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
    front.cut();
    grpc.cut();
  });
  await Promise.all([front.close(), grpc.close()]);
  await repository.drain();
  admin.cut();
  await admin.close();
}

/** The metrics are created with the ports: what happened before is told when they open. */
function tellAll(registry: ModelRegistry, repository: Repository, { metrics }: Serving): void {
  for (const model of registry.names()) {
    for (const { version, state } of registry.versions(model)) metrics.versionState({ model, version }, state);
  }
  for (const { name: model, versions } of repository.models) {
    for (const { found, ready } of versions) {
      if (ready !== undefined) metrics.versionReady({ model, version: found.number }, ready);
    }
  }
}

/** What every version tells, by model and number; of one that is on its way as much as is known. */
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
