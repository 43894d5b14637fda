import type { Clock } from "../../../runtime/base/clock.ts";
import { Fault } from "../../../runtime/base/fault.ts";
import type { Log } from "../../../runtime/base/log.ts";
import { Agent } from "../../../runtime/base/node-http.ts";
import { figuresPath, type GatewayFigures } from "../../../runtime/contract/figures.ts";
import { type Pull, pulledText } from "../pulled-text.ts";
import { decodedFigures } from "./decoded-figures.ts";
import { createGatewayAccount, type GatewayAccount } from "./gateway-account.ts";

/** Where a gateway's figures are. */
export interface GatewayAddress {
  /** Name of its pod. */
  readonly pod: string;
  readonly host: string;
  /** Of its admin port. */
  readonly port: number;
}

/** Whom to ask, and who is told. */
export interface GatewayPullsOptions {
  /** The gateways that are ready; asked for before every pull. */
  readonly gateways: () => readonly GatewayAddress[];
  readonly clock: Clock;
  readonly log: Log;
  /** Told of every pull. */
  readonly onPull?: ((pulled: { readonly ok: boolean; readonly durationMs: number }) => void) | undefined;
  /** Between two pulls of a gateway. Default 1 s. */
  readonly intervalMs?: number;
}

/** How far the figures can be believed. */
export interface Freshness {
  /** Ready gateways, and those of them that answered lately. */
  readonly gateways: number;
  readonly answering: number;
  /** Age of the oldest of their last answers; Infinity when one never answered, or there is none. */
  readonly ageMs: number;
}

/** The gateways of an installation, pulled when told. */
export interface GatewayPulls {
  /** Begins a pull of each that is ready and not being pulled. */
  pull(): void;
  /** Accounts of those that answered lately. */
  answering(): readonly GatewayAccount[];
  freshness(): Freshness;
  /** The ModelDeployment is gone. */
  forget(key: string): void;
  close(): void;
}

/** From one pull to the next. */
export const defaultIntervalMs = 1_000;
const timeoutMs = 2_000;
/** Ten thousand ModelDeployments with two revisions each, all asked for at once, are a quarter of it. */
const limitBytes = 64 * 1024 * 1024;
/** A gateway that has not answered for longer is left out of what is now. */
const staleMs = 5_000;
/** One that ends breaks off a pull, and is not asked again: that is no news. */
const toldFailures = 2;
/** A gateway that is not ready for longer is a stranger when it comes back. */
const rememberedMs = 600_000;

interface Gateway {
  readonly account: GatewayAccount;
  address: GatewayAddress;
  /** When it was last listed. */
  seenMs: number;
  isPulled: boolean;
  /** Pulls in a row that it did not answer. */
  failures: number;
}

/** `take` gets each answer with the account that is to take it in. */
export function createGatewayPulls(
  options: GatewayPullsOptions,
  take: (account: GatewayAccount, figures: GatewayFigures) => void,
): GatewayPulls {
  const { clock } = options;
  const known = createKnownGateways(options);
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: 60_000 });
  let ready: readonly Gateway[] = [];
  const ageMs = ({ account }: Gateway): number => clock.monotonic() - (account.answeredMs ?? -Infinity);
  return {
    pull() {
      ready = known.listed();
      for (const gateway of ready) if (!gateway.isPulled) void pulled(gateway, { ...options, agent, take });
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
    forget: (key) => known.forget(key),
    close: () => agent.destroy(),
  };
}

interface KnownGateways {
  /** Those that are ready now. */
  listed(): readonly Gateway[];
  forget(key: string): void;
}

function createKnownGateways(options: GatewayPullsOptions): KnownGateways {
  const { clock, intervalMs = defaultIntervalMs } = options;
  const startedMs = clock.monotonic();
  const byPod = new Map<string, Gateway>();
  /** Runs of gateways that are forgotten: a name is all that is kept of them. */
  const former = new Set<string>();
  const opened = (address: GatewayAddress): Gateway => {
    const account = createGatewayAccount({ startedMs, intervalMs, isKnown: (run) => former.has(run) });
    return { account, address, seenMs: 0, isPulled: false, failures: 0 };
  };
  return {
    listed() {
      const nowMs = clock.monotonic();
      const ready = options.gateways().map((address) => {
        const gateway = byPod.get(address.pod) ?? opened(address);
        byPod.set(address.pod, gateway);
        return Object.assign(gateway, { address, seenMs: nowMs });
      });
      for (const [pod, { seenMs, account }] of byPod) {
        if (nowMs - seenMs <= rememberedMs) continue;
        byPod.delete(pod);
        if (account.run !== undefined) former.add(account.run);
      }
      return ready;
    },
    forget(key) {
      for (const { account } of byPod.values()) account.forget(key);
    },
  };
}

interface PullParts extends GatewayPullsOptions {
  readonly agent: NonNullable<Pull["agent"]>;
  readonly take: (account: GatewayAccount, figures: GatewayFigures) => void;
}

async function pulled(gateway: Gateway, { clock, log, onPull, agent, take }: PullParts): Promise<void> {
  const { account, address } = gateway;
  const begunMs = clock.monotonic();
  gateway.isPulled = true;
  let cause: string | undefined;
  try {
    let figures = await pulledFigures(address, account.cursor, agent);
    // The cursor was one of a run that is over: what this one counted before it would be missing.
    if (figures.run !== account.run && account.cursor > 0) figures = await pulledFigures(address, 0, agent);
    take(account, figures);
  } catch (thrown) {
    cause = Fault.from(thrown).message;
  }
  gateway.failures = cause === undefined ? 0 : gateway.failures + 1;
  if (gateway.failures === toldFailures)
    log.warn("a gateway does not tell its figures", { gateway: address.pod, cause });
  gateway.isPulled = false;
  onPull?.({ ok: cause === undefined, durationMs: clock.monotonic() - begunMs });
}

async function pulledFigures(
  { host, port }: GatewayAddress,
  after: number,
  agent: NonNullable<Pull["agent"]>,
): Promise<GatewayFigures> {
  const path = `${figuresPath}?after=${after}`;
  return decodedFigures(await pulledText({ host, port, path, timeoutMs, limitBytes, agent }));
}
