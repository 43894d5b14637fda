import type { Clock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Log } from "../../runtime/base/log.ts";
import { Agent } from "../../runtime/base/node-http.ts";
import { figuresPath, type GatewayFigures } from "../../runtime/contract/figures.ts";
import type { Evidence } from "../analysis/evidence.ts";
import { decodedFigures } from "./figures/decoded-figures.ts";
import { createEvidenceWindows, type EvidenceWindows } from "./figures/evidence-windows.ts";
import { createGatewayAccount, type GatewayAccount } from "./figures/gateway-account.ts";
import { emptyTotals, type Flow, grow, type ModelTotals } from "./figures/totals.ts";
import { type Pull, pulledText } from "./pulled-text.ts";

/** Where a gateway's figures are. */
export interface GatewayAddress {
  /** Name of its pod. */
  readonly pod: string;
  readonly host: string;
  /** Of its admin port. */
  readonly port: number;
}

export interface GatewayFiguresOptions {
  /** The gateways that are ready; asked for before every pull. */
  readonly gateways: () => readonly GatewayAddress[];
  readonly clock: Clock;
  readonly log: Log;
  /** Told of every pull. */
  readonly onPull?: ((pulled: { readonly ok: boolean; readonly durationMs: number }) => void) | undefined;
  /** Between two pulls of a gateway. Default 1 s. */
  readonly intervalMs?: number;
}

/** What the gateways count, summed over all of them. Every replica of the operator pulls for itself. */
export interface GatewayFiguresSource {
  /** Pulls from now on. */
  start(): void;
  stop(): void;
  /**
   * What became of a ModelDeployment's requests since `sinceMs`, as nearly as is remembered: the first call begins to, so that one with a time
   * that has passed speaks of what comes after it. Undefined while no gateway answers, so that nobody judges by what is old.
   */
  evidence(key: string, sinceMs: number): Evidence | undefined;
  /** What came in since the last call for this key, for its only autoscaler; the first call answers zeros and what is now. */
  demand(key: string): Demand;
  freshness(): Freshness;
  /** `listener` is told, once in a pull, which ModelDeployment got requests or has some that wait. Returns how to end that. */
  subscribe(listener: (key: string) => void): () => void;
  /** The ModelDeployment is gone. */
  forget(key: string): void;
}

/** Counters are differences, the rest is the state now. Members in the words of `modelwright policy`'s samples. */
export interface Demand {
  readonly arrivals: number;
  readonly completions: number;
  /** Seconds that pods had the completed requests for. */
  readonly serviceSeconds: number;
  readonly failures: number;
  /** Refused by the gateways because the queue was full or the wait too long. */
  readonly refused: number;
  /** Left by their clients before a pod had them. */
  readonly abandoned: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Seconds. */
  readonly oldestWait: number;
}

/** How far the figures can be believed. */
export interface Freshness {
  /** Ready gateways, and those of them that answered lately. */
  readonly gateways: number;
  readonly answering: number;
  /** Age of the oldest of their last answers; Infinity when one never answered, or there is none. */
  readonly ageMs: number;
}

const defaultIntervalMs = 1_000;
const timeoutMs = 2_000;
/** Ten thousand ModelDeployments with two revisions each, all asked for at once, are a quarter of it. */
const limitBytes = 64 * 1024 * 1024;
/** A gateway that has not answered for longer is left out of what is now. */
const staleMs = 5_000;
/** A gateway that is not ready for longer is a stranger when it comes back. */
const rememberedMs = 600_000;

/** A source that pulls from the gateways' admin ports, each by itself: one that does not answer delays no other. */
export function createGatewayFigures(options: GatewayFiguresOptions): GatewayFiguresSource {
  const { clock, intervalMs = defaultIntervalMs } = options;
  const models = createModels();
  const gateways = createGateways(options, models);
  let cancel: (() => void) | undefined;
  const tick = (): void => {
    gateways.pull();
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
      const model = models.opened(key);
      return (model.windows ??= createEvidenceWindows()).evidence(model.totals, sinceMs, clock.now());
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

/** What waits and runs now. */
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

interface Model {
  readonly totals: ModelTotals;
  windows?: EvidenceWindows;
  /** The flow at the last call of `demand`. */
  told?: Flow;
}

interface Models {
  opened(key: string): Model;
  take(account: GatewayAccount, figures: GatewayFigures, atMs: number): void;
  subscribe(listener: (key: string) => void): () => void;
  forget(key: string): void;
}

function createModels(): Models {
  const byKey = new Map<string, Model>();
  const listeners = new Set<(key: string) => void>();
  const opened = (key: string): Model => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const model: Model = { totals: emptyTotals() };
    byKey.set(key, model);
    return model;
  };
  return {
    opened,
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
    forget: (key) => void byKey.delete(key),
  };
}

interface Gateways {
  pull(): void;
  answering(): readonly GatewayAccount[];
  freshness(): Freshness;
  forget(key: string): void;
  close(): void;
}

interface Gateway {
  readonly account: GatewayAccount;
  address: GatewayAddress;
  /** When it was last listed. */
  seenMs: number;
  isPulled: boolean;
  isFailing: boolean;
}

function createGateways(options: GatewayFiguresOptions, models: Models): Gateways {
  const { clock, log, intervalMs = defaultIntervalMs, onPull } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: 60_000 });
  const startedMs = clock.monotonic();
  const byPod = new Map<string, Gateway>();
  let ready: readonly Gateway[] = [];
  const listed = (): readonly Gateway[] => {
    const nowMs = clock.monotonic();
    const ready = options.gateways().map((address) => {
      const account = byPod.get(address.pod)?.account ?? createGatewayAccount({ startedMs, intervalMs });
      const fresh: Gateway = { account, address, seenMs: nowMs, isPulled: false, isFailing: false };
      const gateway = byPod.get(address.pod) ?? fresh;
      byPod.set(address.pod, gateway);
      return Object.assign(gateway, { address, seenMs: nowMs });
    });
    for (const [pod, { seenMs }] of byPod) if (nowMs - seenMs > rememberedMs) byPod.delete(pod);
    return ready;
  };
  const ageMs = ({ account }: Gateway): number => clock.monotonic() - (account.answeredMs ?? -Infinity);
  const pullOne = async (gateway: Gateway): Promise<void> => {
    const { account, address } = gateway;
    const begunMs = clock.monotonic();
    gateway.isPulled = true;
    let ok = false;
    try {
      let figures = await pulledFigures(address, account.cursor, agent);
      // The cursor was one of a run that is over: what this one counted before it would be missing.
      if (figures.run !== account.run && account.cursor > 0) figures = await pulledFigures(address, 0, agent);
      models.take(account, figures, clock.monotonic());
      ok = true;
    } catch (thrown) {
      const { message } = Fault.from(thrown);
      if (!gateway.isFailing) log.warn("a gateway does not tell its figures", { gateway: address.pod, cause: message });
    }
    gateway.isFailing = !ok;
    gateway.isPulled = false;
    onPull?.({ ok, durationMs: clock.monotonic() - begunMs });
  };
  return {
    pull() {
      ready = listed();
      for (const gateway of ready) if (!gateway.isPulled) void pullOne(gateway);
    },
    answering: () => ready.filter((gateway) => ageMs(gateway) <= staleMs).map(({ account }) => account),
    freshness() {
      const ages = ready.map(ageMs);
      return {
        gateways: ages.length,
        answering: ages.filter((age) => age <= staleMs).length,
        ageMs: ages.length === 0 ? Infinity : Math.max(...ages),
      };
    },
    forget(key) {
      for (const { account } of byPod.values()) account.forget(key);
    },
    close: () => agent.destroy(),
  };
}

async function pulledFigures(
  { host, port }: GatewayAddress,
  after: number,
  agent: NonNullable<Pull["agent"]>,
): Promise<GatewayFigures> {
  const path = `${figuresPath}?after=${after}`;
  return decodedFigures(await pulledText({ host, port, path, timeoutMs, limitBytes, agent }));
}
