import type { Clock } from "../../../../runtime/base/clock.ts";
import type { Probe } from "../../../kube/kinds/container.ts";
import type { ProbeResult } from "./probe.ts";

/** Options of `probeLoop`. */
export interface ProbeLoopOptions {
  readonly probe: Probe;
  readonly clock: Clock;
  /** Ends the loop. */
  readonly signal: AbortSignal;
  /** The verdict before the first threshold is reached; undefined for a startup probe. */
  readonly initially: boolean | undefined;
  /** Whether attempts are more frequent than the period while the probe does not pass, to save a laptop user time. */
  readonly retriesFast: boolean;
  readonly attempt: (signal: AbortSignal) => Promise<ProbeResult>;
  /** Called for each failed attempt that counts. */
  readonly onFailure: (message: string) => void;
  /** Called when the thresholds change the verdict; returns true to end the loop. */
  readonly onVerdict: (passing: boolean) => boolean;
}

const defaults = { periodSeconds: 10, failureThreshold: 3, successThreshold: 1 } as const;
/** Bounds of the fast retry interval, which is a tenth of the time waited so far. */
const fastRetry = { minMs: 100, maxMs: 1000 } as const;

/**
 * Runs a probe until its signal aborts. Unlike the kubelet, a loop that retries fast probes every 100 ms to 1 s while it
 * does not pass. A failure still counts at most once per period, so that thresholds mean the same time.
 */
export async function probeLoop(options: ProbeLoopOptions): Promise<void> {
  const { probe, clock, signal, retriesFast } = options;
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
    const soonMs = Math.min(fastRetry.maxMs, Math.max(fastRetry.minMs, (nowMs - beganMs) / 10));
    await clock.sleep(retriesFast && verdict !== true ? Math.min(periodMs, soonMs) : periodMs, signal);
  }
}

interface Tally {
  /** Counts an attempt; false for a failure too soon after the last counted one, which is ignored. */
  counts(result: ProbeResult, nowMs: number): boolean;
  verdict(): boolean | undefined;
}

/** Fraction of a period after which the next failure counts: timers are inexact. */
const minPeriodShare = 0.95;

function createTally(probe: Probe, periodMs: number, initially: boolean | undefined): Tally {
  let failedMs = Number.NEGATIVE_INFINITY;
  let streak = { passing: true, length: 0 };
  let verdict = initially;
  return {
    counts: ({ passed }, nowMs) => {
      if (!passed && nowMs - failedMs < periodMs * minPeriodShare) return false;
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
