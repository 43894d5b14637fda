import type { Clock } from "./base/clock.ts";
import { Fault } from "./base/fault.ts";
import type { Log } from "./base/log.ts";
import type { ModelFacts } from "./contract/model-facts.ts";
import { type ServeFigures, serveFigures } from "./figures.ts";
import { type ReadyModel, bringUp } from "./model/bring-up.ts";
import { faults as modelFaults } from "./model/faults.ts";
import { type ModelRegistry, type RegisteredVersion, modelRegistry } from "./model/registry.ts";
import { signatureText } from "./model/signature-text.ts";
import type { ServeOptions } from "./options.ts";
import { tensorflowServing } from "./protocols/tensorflow-serving/tensorflow-serving.ts";
import { adminListener } from "./server/admin-listener.ts";
import { type HttpServer, openHttpServer } from "./server/http-server.ts";
import { protocolListener } from "./server/protocol-listener.ts";
import { defaultBodyLimits } from "./server/request-body.ts";

/** What `serve` takes from the process it runs in. */
export interface ServeParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the process shall end. */
  readonly stop: AbortSignal;
}

interface Servers {
  readonly front: HttpServer;
  readonly admin: HttpServer;
}

/** Serves one version of a model until `stop` aborts and the last request is answered. Throws a Fault when it cannot. */
export async function serve(options: ServeOptions, parts: ServeParts): Promise<void> {
  const { log, stop, clock } = parts;
  const figures = serveFigures();
  const registry = modelRegistry((name, version, state) => {
    figures.modelState(name, version, state);
    log.info("model state", { model: name, version, state });
  });
  const version = registry.add(options.name, options.version);
  const raised: { ready?: ReadyModel | undefined } = {};
  const facts = (): ModelFacts => modelFacts(options, version, raised.ready);
  const servers = await openServers(options, parts, { figures, registry, version, facts });
  log.info("listening", { host: options.host, httpPort: servers.front.port, adminPort: servers.admin.port });
  const ready = await readyUnlessStopped(version, options, parts, figures);
  raised.ready = ready;
  if (ready !== undefined) {
    figures.modelLoaded(ready.loadMs);
    log.info("model ready", { ...facts(), loadMs: Math.round(ready.loadMs) });
    await aborted(stop);
  }
  version.happen("stopping");
  log.info("draining", { delayMs: options.drainDelayMs });
  if (version.state === "Draining") await clock.sleep(options.drainDelayMs);
  clock.after(options.serving.timeoutMs, () => servers.front.cut());
  await servers.front.close();
  await ready?.served.drain();
  version.happen("unloaded");
  servers.admin.cut();
  await servers.admin.close();
}

interface Composition {
  readonly figures: ServeFigures;
  readonly registry: ModelRegistry;
  readonly version: RegisteredVersion;
  readonly facts: () => ModelFacts;
}

async function openServers(options: ServeOptions, parts: ServeParts, composed: Composition): Promise<Servers> {
  const { clock, log, stop } = parts;
  const { figures, registry, version, facts } = composed;
  const { host } = options;
  const admin = await openHttpServer(
    { host, port: options.adminPort, portFlag: "--admin-port" },
    adminListener({ state: () => version.state, model: facts, metrics: figures.exposition }),
  );
  const front = await openHttpServer(
    { host, port: options.httpPort, portFlag: "--http-port" },
    protocolListener({
      protocols: [tensorflowServing(registry)],
      body: { ...defaultBodyLimits, maxBytes: options.serving.bodyBytes },
      timeoutMs: options.serving.timeoutMs,
      isDraining: () => stop.aborted,
      onStart: figures.requestStarted,
      onAnswer: (answered) => {
        figures.requestAnswered(answered);
        if (answered.fault?.level === "error")
          log.error("request failed", { ...answered, fault: answered.fault.record });
      },
      clock,
    }),
  );
  return { front, admin };
}

/** Brings the model up; `undefined` when the process is told to stop before. */
async function readyUnlessStopped(
  version: RegisteredVersion,
  options: ServeOptions,
  { clock, log, stop }: ServeParts,
  figures: ServeFigures,
): Promise<ReadyModel | undefined> {
  try {
    const available = ["TensorFlowJs"];
    const { engine, name, serving } = options;
    if (engine !== "Auto" && !available.includes(engine)) throw modelFaults.EngineUnavailable({ engine, available });
    const { path, volume, format, digest } = options;
    const raised = bringUp(version, {
      path,
      format,
      ...(volume === undefined ? {} : { volume }),
      ...(digest === undefined ? {} : { digest }),
      warmsUp: serving.warmsUp,
      serving: { name, version: options.version, batching: serving.batching, clock, onBatch: figures.batchRan },
      clock,
      log,
    });
    return await Promise.race([raised, aborted(stop)]);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    version.fail(fault.record);
    throw fault;
  }
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
    signature: ready === undefined ? "" : signatureText(ready.served.signature),
  };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
