import type { Clock } from "../../../../runtime/base/clock.ts";
import type { Probe } from "../../../kube/kinds/container.ts";
import type { ProbeResult } from "./probe.ts";

/** A probe, how it is tried, and who wants to know. */
export interface ProbeLoopOptions {
  readonly probe: Probe;
  readonly clock: Clock;
  /** Ends the loop. */
  readonly signal: AbortSignal;
  /** The verdict that holds until the first threshold is reached; undefined for a start-up probe. */
  readonly initially: boolean | undefined;
  /** Between attempts, also while the verdict is not "passing": a laptop needn't wait for whole periods. */
  readonly impatient: boolean;
  readonly attempt: (signal: AbortSignal) => Promise<ProbeResult>;
  /** A failed attempt that counts. */
  readonly onFailure: (message: string) => void;
  /** The verdict has changed, as the thresholds define it. Return true to end the loop. */
  readonly onVerdict: (passing: boolean) => boolean;
}

const defaults = { periodSeconds: 10, failureThreshold: 3, successThreshold: 1 } as const;
/** Steps between attempts while impatient: a tenth of the time waited so far, within these. */
const impatience = { leastMs: 100, mostMs: 1000 } as const;

/**
 * Runs a probe until its signal ends it. It differs from the kubelet in one thing: while an impatient loop has not
 * passed, it tries every 100 ms to 1 s; a failure still counts at most once a period, so that thresholds mean the same time.
 */
export async function probeLoop(options: ProbeLoopOptions): Promise<void> {
  const { probe, clock, signal, impatient } = options;
  const periodMs = (probe.periodSeconds ?? defaults.periodSeconds) * 1000;
  await clock.sleep((probe.initialDelaySeconds ?? 0) * 1000, signal);
  const beganMs = clock.monotonic();
  const tally = createTally(probe, periodMs, options.initially);
  let verdict = options.initially;
  while (!signal.aborted) {
    const result = await options.attempt(signal);
    if (signal.aborted) return;
    const nowMs = clock.monotonic();
    if (tally.counts(result, nowMs) && !result.passed) options.onFailure(result.message);
    if (verdict !== tally.verdict()) {
      verdict = result.passed;
      if (options.onVerdict(verdict)) return;
    }
    const soonMs = Math.min(impatience.mostMs, Math.max(impatience.leastMs, (nowMs - beganMs) / 10));
    await clock.sleep(impatient && verdict !== true ? Math.min(periodMs, soonMs) : periodMs, signal);
  }
}

interface Tally {
  /** Takes an attempt in; false when it is a failure too early after the last one. */
  counts(result: ProbeResult, nowMs: number): boolean;
  verdict(): boolean | undefined;
}

/** Part of a period after which the next failure counts: timers are not exact. */
const nearlyAPeriod = 0.95;

function createTally(probe: Probe, periodMs: number, initially: boolean | undefined): Tally {
  let failedMs = Number.NEGATIVE_INFINITY;
  let streak = { passing: true, length: 0 };
  let verdict = initially;
  return {
    counts: ({ passed }, nowMs) => {
      if (!passed && nowMs - failedMs < periodMs * nearlyAPeriod) return false;
      if (!passed) failedMs = nowMs;
      streak = { passing: passed, length: streak.passing === passed ? streak.length + 1 : 1 };
      if (streak.length >= threshold(probe, passed)) verdict = passed;
      return true;
    },
    verdict: () => verdict,
  };
}

function threshold(probe: Probe, passing: boolean): number {
  return passing
    ? (probe.successThreshold ?? defaults.successThreshold)
    : (probe.failureThreshold ?? defaults.failureThreshold);
}
