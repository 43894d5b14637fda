import type { GatewayFigures } from "../../runtime/contract/figures.ts";
import type { Evidence } from "../analysis/evidence.ts";
import { createEvidenceWindows, type EvidenceWindows } from "./figures/evidence-windows.ts";
import type { GatewayCounters } from "./figures/gateway-counters.ts";
import {
  createGatewayPulls,
  defaultIntervalMs,
  type Freshness,
  type GatewayPullsOptions,
} from "./figures/gateway-pulls.ts";
import { emptyTotals, type Flow, addIncrease, type ModelTotals } from "./figures/totals.ts";

/** The figures of all gateways, summed. Every replica of the operator pulls them itself. */
export interface GatewayFiguresSource {
  /** Starts pulling. */
  start(): void;
  stop(): void;
  /**
   * Outcomes of a ModelDeployment's requests since `sinceMs`, as far back as they are recorded: recording begins with the first call,
   * which is therefore empty. Undefined while no gateway responds, so that nothing is judged by stale figures.
   */
  evidence(key: string, sinceMs: number): Evidence | undefined;
  /** Changes since the last call for this key, which only its autoscaler makes; the first call returns zeros and the current state. */
  demand(key: string): Demand;
  freshness(): Freshness;
  /** Calls `listener` in each pull for every ModelDeployment that got requests or has queued ones. Returns a function that unsubscribes. */
  subscribe(listener: (key: string) => void): () => void;
  /** The ModelDeployment is gone. */
  forget(key: string): void;
}

/** Counters are differences, the rest is the current state. Members are named like the samples of `modelwright policy`. */
export interface Demand {
  readonly arrivals: number;
  readonly completions: number;
  /** Seconds that the completed requests spent in pods, summed. */
  readonly serviceSeconds: number;
  readonly failures: number;
  /** Refused by the gateways because the queue was full or the wait was too long. */
  readonly refused: number;
  /** Cancelled by their clients before they reached a pod. */
  readonly abandoned: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Seconds. */
  readonly oldestWait: number;
}

/** Creates a source that pulls from each gateway's admin port independently: one that does not respond does not delay the others. */
export function createGatewayFigures(options: GatewayPullsOptions): GatewayFiguresSource {
  const { clock, intervalMs = defaultIntervalMs } = options;
  const models = createModels();
  const gateways = createGatewayPulls(options, (counters, figures) =>
    models.update(counters, figures, clock.monotonic()),
  );
  let cancel: (() => void) | undefined;
  const tick = (): void => {
    gateways.pull();
    models.dropStaleWindows(clock.monotonic());
    cancel = clock.after(intervalMs, tick);
  };
  return {
    start() {
      if (cancel === undefined) tick();
    },
    stop() {
      cancel?.();
      cancel = undefined;
      gateways.close();
    },
    evidence(key, sinceMs) {
      if (gateways.answering().length === 0) return undefined;
      const { totals } = models.modelFor(key);
      return models.windows(key, clock.monotonic()).evidence(totals, sinceMs, clock.now());
    },
    demand(key) {
      const model = models.modelFor(key);
      const { flow } = model.totals;
      const past = model.lastFlow ?? flow;
      model.lastFlow = { ...flow };
      return {
        arrivals: flow.arrivals - past.arrivals,
        completions: flow.completions - past.completions,
        serviceSeconds: (flow.serviceMs - past.serviceMs) / 1000,
        failures: flow.failures - past.failures,
        refused: flow.refused - past.refused,
        abandoned: flow.abandoned - past.abandoned,
        ...currentLoad(key, gateways.answering()),
      };
    },
    freshness: () => gateways.freshness(),
    subscribe: (listener) => models.subscribe(listener),
    forget(key) {
      models.forget(key);
      gateways.forget(key);
    },
  };
}

/** Queued and running requests at this moment, over all gateways. */
function currentLoad(
  key: string,
  gateways: readonly GatewayCounters[],
): Pick<Demand, "inFlight" | "queued" | "oldestWait"> {
  let [inFlight, queued, oldestWait] = [0, 0, 0];
  for (const counters of gateways) {
    const model = counters.models.get(key);
    if (model === undefined) continue;
    queued += model.queued;
    oldestWait = Math.max(oldestWait, model.oldestWaitMs / 1000);
    for (const revision of Object.values(model.revisions)) inFlight += revision.inFlight;
  }
  return { inFlight, queued, oldestWait };
}

/** Windows that were not requested for this long are dropped: twice the longest interval of an analysis. */
const windowsKeptMs = 7_200_000;

interface Model {
  readonly totals: ModelTotals;
  /** The flow at the last call of `demand`. */
  lastFlow?: Flow;
}

interface Models {
  modelFor(key: string): Model;
  windows(key: string, nowMs: number): EvidenceWindows;
  /** Drops the windows of finished rollouts. */
  dropStaleWindows(nowMs: number): void;
  update(counters: GatewayCounters, figures: GatewayFigures, atMs: number): void;
  subscribe(listener: (key: string) => void): () => void;
  forget(key: string): void;
}

function createModels(): Models {
  const byKey = new Map<string, Model>();
  const listeners = new Set<(key: string) => void>();
  /** Least recently requested first. */
  const windowsByKey = new Map<string, { readonly windows: EvidenceWindows; readonly requestedMs: number }>();
  const modelFor = (key: string): Model => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const model: Model = { totals: emptyTotals() };
    byKey.set(key, model);
    return model;
  };
  return {
    modelFor,
    windows(key, nowMs) {
      const { windows } = windowsByKey.get(key) ?? { windows: createEvidenceWindows() };
      windowsByKey.delete(key);
      windowsByKey.set(key, { windows, requestedMs: nowMs });
      return windows;
    },
    dropStaleWindows(nowMs) {
      for (const [key, { requestedMs }] of windowsByKey) {
        if (nowMs - requestedMs <= windowsKeptMs) return;
        windowsByKey.delete(key);
      }
    },
    update(counters, figures, atMs) {
      const active: string[] = [];
      counters.update(figures, atMs, (key, now, before, share) => {
        if (addIncrease(modelFor(key).totals, now, before, share)) active.push(key);
      });
      for (const key of active) for (const listener of listeners) listener(key);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    forget(key) {
      byKey.delete(key);
      windowsByKey.delete(key);
    },
  };
}
