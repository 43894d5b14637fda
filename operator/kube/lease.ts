import { type Clock, systemClock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import { type Log, silentLog } from "../../runtime/base/log.ts";
import type { Client, ObjectKey } from "./client.ts";
import type { Lease as LeaseObject, Stored } from "./kinds.ts";
import { resources } from "./resources.ts";

/** Which Lease is contended for, by whom, and who is told. */
export interface LeaseOptions {
  readonly client: Client;
  readonly key: ObjectKey;
  /** Unique among all who contend: pod name and a random part. */
  readonly identity: string;
  /** Told whenever the lease has become ours. */
  readonly onAcquired: () => void;
  /** Told whenever it is no longer sure that the lease is ours. Not told after `stop`. */
  readonly onLost: () => void;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly log?: Log;
}

/** One contender for a lease: acquires it, keeps it, and contends again when it is lost. */
export interface Lease {
  readonly isHeld: boolean;
  /** Ends it and frees the lease, so that the next one need not wait. */
  stop(): Promise<void>;
}

/** Figures of client-go's leader election (`tools/leaderelection`): 15 s / 10 s / 2 s. */
const durationMs = 15_000;
const renewDeadlineMs = 10_000;
const retryMs = 2_000;
/**
 * How often the lease of another is looked at: what is seen of it is never older than this. Shorter than client-go's
 * 2 s with jitter 1.2, with which a standby takes over as late as 9 s after the lease has ended.
 */
const lookMs = 900;
/** A lease that cannot be released in this time is left to run out: stopping must not hang on it, nor on a try to renew. */
const releaseLimitMs = 1_000;

/**
 * Starts contending. Times of others are never compared with our clock: a lease is free when it did not change for 15 s
 * of our own monotonic time. Two leaders are still possible (a stopped process that wakes up): every write must be safe.
 */
export function startLease(options: LeaseOptions): Lease {
  const { clock = systemClock, random = Math.random, log = silentLog, identity } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const record = createRecord(options, clock);
  let isHeld = false;

  /** One try; when it succeeds, the time from which on the lease is surely ours. */
  const claim = async (limitMs: number): Promise<number | undefined> => {
    const startedMs = clock.monotonic();
    const isClaimed = await within(
      tried("renewed", () => record.claim(), log),
      limitMs,
      clock,
    );
    return isClaimed === true ? startedMs : undefined;
  };
  const acquire = async (): Promise<number | undefined> => {
    while (!signal.aborted) {
      const acquiredMs = await claim(renewDeadlineMs);
      if (acquiredMs !== undefined) return acquiredMs;
      await clock.sleep(Math.min(lookMs * (1 - random() / 2), record.endsInMs()), signal);
    }
    return undefined;
  };
  const keep = async (acquiredMs: number): Promise<void> => {
    let renewedMs = acquiredMs;
    while (clock.monotonic() - renewedMs < renewDeadlineMs && !record.isOthers()) {
      await clock.sleep(retryMs, signal);
      if (signal.aborted) return;
      renewedMs = (await claim(renewedMs + renewDeadlineMs - clock.monotonic())) ?? renewedMs;
    }
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const acquiredMs = await acquire();
      if (acquiredMs === undefined || signal.aborted) return;
      isHeld = true;
      log.info("lease acquired", { identity });
      options.onAcquired();
      await keep(acquiredMs);
      isHeld = false;
      if (signal.aborted) return;
      log.error("lease lost", { identity });
      options.onLost();
    }
  };
  const running = run();
  return {
    get isHeld() {
      return isHeld;
    },
    async stop() {
      stopping.abort();
      const released = running.then(() => tried("released", () => record.release(), log));
      await within(released, releaseLimitMs, clock);
    },
  };
}

/** The lease as we last saw it, and since when it has not changed. */
interface LeaseRecord {
  /** One try to make or keep it ours; false when another holds it. */
  claim(): Promise<boolean>;
  /** Frees the lease if it is ours. */
  release(): Promise<void>;
  isOthers(): boolean;
  /** Time until the lease of another has ended, should it not be renewed. */
  endsInMs(): number;
}

function createRecord({ client, key, identity }: LeaseOptions, clock: Clock): LeaseRecord {
  let seen: (LeaseObject & Stored) | undefined;
  let seenMs = 0;
  let isCertain = false;
  const observe = (lease: (LeaseObject & Stored) | undefined): void => {
    if (lease?.metadata.resourceVersion !== seen?.metadata.resourceVersion) seenMs = clock.monotonic();
    seen = lease;
  };
  const isMine = (): boolean => seen?.spec.holderIdentity === identity;
  const write = async (spec: LeaseObject["spec"]): Promise<void> => {
    // A write that fails may have been done all the same, or another was faster: read before the next one.
    isCertain = false;
    if (seen === undefined) {
      const { name, namespace = "default" } = key;
      const lease: LeaseObject = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name, namespace },
        spec,
      };
      observe(await client.create(resources.leases, lease));
    } else {
      const { resourceVersion } = seen.metadata;
      observe(await client.mergePatch<LeaseObject>(resources.leases, key, { metadata: { resourceVersion }, spec }));
    }
    isCertain = true;
  };
  return {
    isOthers: () => seen !== undefined && !isMine(),
    endsInMs: () => {
      const leftMs = seenMs + durationMs - clock.monotonic();
      return leftMs > 0 ? leftMs : lookMs;
    },
    async claim() {
      if (!isCertain || !isMine()) observe(await client.get<LeaseObject>(resources.leases, key));
      const holder = seen?.spec.holderIdentity ?? "";
      if (holder !== "" && holder !== identity && clock.monotonic() - seenMs < durationMs) return false;
      try {
        await write(ownSpec(identity, seen?.spec, microTime(clock.now())));
        return true;
      } catch (thrown) {
        if (!wasOvertaken(thrown)) throw thrown;
        observe(await client.get<LeaseObject>(resources.leases, key));
        return false;
      }
    },
    async release() {
      if (!isMine()) return;
      const now = microTime(clock.now());
      await write({ holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now });
    },
  };
}

/** Whether another wrote since we read. */
function wasOvertaken(thrown: unknown): boolean {
  return thrown instanceof Fault && (thrown.code === "Conflict" || thrown.code === "AlreadyExists");
}

/** Term and count of holders go on while the lease stays ours and start anew when we take it. */
function ownSpec(identity: string, before: LeaseObject["spec"] | undefined, now: string): LeaseObject["spec"] {
  const isMine = before?.holderIdentity === identity;
  const transitions = before === undefined ? 0 : (before.leaseTransitions ?? 0) + (isMine ? 0 : 1);
  return {
    holderIdentity: identity,
    leaseDurationSeconds: durationMs / 1000,
    acquireTime: isMine ? (before.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: transitions,
  };
}

/** Undefined when the try failed: it is made again. */
async function tried<T>(aim: string, work: () => Promise<T>, log: Log): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    log.warn(`lease not ${aim}`, { cause: Fault.from(thrown).message });
    return undefined;
  }
}

async function within<T>(work: Promise<T>, limitMs: number, clock: Clock): Promise<T | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const cancel = clock.after(Math.max(0, limitMs), () => resolve(undefined));
  work.then(resolve, reject);
  return promise.finally(cancel);
}

/** V1MicroTime: exactly six fractional digits, or the server refuses it. */
function microTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace("Z", "000Z");
}
