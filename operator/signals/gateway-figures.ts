import type { GatewayFigures } from "../../runtime/contract/figures.ts";
import type { Evidence } from "../analysis/evidence.ts";
import { createEvidenceWindows, type EvidenceWindows } from "./figures/evidence-windows.ts";
import type { GatewayAccount } from "./figures/gateway-account.ts";
import {
  createGatewayPulls,
  defaultIntervalMs,
  type Freshness,
  type GatewayPullsOptions,
} from "./figures/gateway-pulls.ts";
import { emptyTotals, type Flow, grow, type ModelTotals } from "./figures/totals.ts";

/** What the gateways count, summed over all of them. Every replica of the operator pulls for itself. */
export interface GatewayFiguresSource {
  /** Pulls from now on. */
  start(): void;
  stop(): void;
  /**
   * Outcomes of a ModelDeployment's requests since `sinceMs`, as far back as they are recorded: recording begins with the first call, which
   * therefore covers only what follows it. Undefined while no gateway answers, so that nobody judges by stale figures.
   */
  evidence(key: string, sinceMs: number): Evidence | undefined;
  /** Changes since the last call for this key, whose only caller is its autoscaler; the first call returns zeros and the current state. */
  demand(key: string): Demand;
  freshness(): Freshness;
  /** `listener` is called in each pull for every ModelDeployment that got requests or has some waiting. Returns a function that unsubscribes. */
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
  /** Refused by the gateways because the queue was full or the wait too long. */
  readonly refused: number;
  /** Cancelled by their clients before a pod had them. */
  readonly abandoned: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Seconds. */
  readonly oldestWait: number;
}

/** A source that pulls from the admin port of each gateway separately: one that does not answer does not delay the others. */
export function createGatewayFigures(options: GatewayPullsOptions): GatewayFiguresSource {
  const { clock, intervalMs = defaultIntervalMs } = options;
  const models = createModels();
  const gateways = createGatewayPulls(options, (account, figures) => models.take(account, figures, clock.monotonic()));
  let cancel: (() => void) | undefined;
  const tick = (): void => {
    gateways.pull();
    models.tidy(clock.monotonic());
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
      const { totals } = models.opened(key);
      return models.windows(key, clock.monotonic()).evidence(totals, sinceMs, clock.now());
    },
    demand(key) {
      const model = models.opened(key);
      const { flow } = model.totals;
      const past = model.told ?? flow;
      model.told = { ...flow };
      return {
        arrivals: flow.arrivals - past.arrivals,
        completions: flow.completions - past.completions,
        serviceSeconds: (flow.serviceMs - past.serviceMs) / 1000,
        failures: flow.failures - past.failures,
        refused: flow.refused - past.refused,
        abandoned: flow.abandoned - past.abandoned,
        ...presence(key, gateways.answering()),
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

/** What waits and runs at this moment, over all gateways. */
function presence(
  key: string,
  accounts: readonly GatewayAccount[],
): Pick<Demand, "inFlight" | "queued" | "oldestWait"> {
  let [inFlight, queued, oldestWait] = [0, 0, 0];
  for (const account of accounts) {
    const model = account.models.get(key);
    if (model === undefined) continue;
    queued += model.queued;
    oldestWait = Math.max(oldestWait, model.oldestWaitMs / 1000);
    for (const revision of Object.values(model.revisions)) inFlight += revision.inFlight;
  }
  return { inFlight, queued, oldestWait };
}

/** Twice the longest interval of an analysis: windows that nobody has asked for in this time are dropped. */
const windowsKeptMs = 7_200_000;

interface Model {
  readonly totals: ModelTotals;
  /** The flow at the last call of `demand`. */
  told?: Flow;
}

interface Models {
  opened(key: string): Model;
  windows(key: string, nowMs: number): EvidenceWindows;
  /** Forgets the windows of rollouts that are over. */
  tidy(nowMs: number): void;
  take(account: GatewayAccount, figures: GatewayFigures, atMs: number): void;
  subscribe(listener: (key: string) => void): () => void;
  forget(key: string): void;
}

function createModels(): Models {
  const byKey = new Map<string, Model>();
  const listeners = new Set<(key: string) => void>();
  /** Least recently asked for first. */
  const windowed = new Map<string, { readonly windows: EvidenceWindows; readonly askedMs: number }>();
  const opened = (key: string): Model => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const model: Model = { totals: emptyTotals() };
    byKey.set(key, model);
    return model;
  };
  return {
    opened,
    windows(key, nowMs) {
      const { windows } = windowed.get(key) ?? { windows: createEvidenceWindows() };
      windowed.delete(key);
      windowed.set(key, { windows, askedMs: nowMs });
      return windows;
    },
    tidy(nowMs) {
      for (const [key, { askedMs }] of windowed) {
        if (nowMs - askedMs <= windowsKeptMs) return;
        windowed.delete(key);
      }
    },
    take(account, figures, atMs) {
      const active: string[] = [];
      account.take(figures, atMs, (key, now, before, share) => {
        if (grow(opened(key).totals, now, before, share)) active.push(key);
      });
      for (const key of active) for (const listener of listeners) listener(key);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    forget(key) {
      byKey.delete(key);
      windowed.delete(key);
    },
  };
}
