import { performance } from "node:perf_hooks";

/** Event loop utilization above which the thread counts as busy. */
const busyShare = 0.8;
/** Shortest interval that is measured. */
const measuredMs = 500;

/** Returns a check whether this thread's event loop was nearly saturated recently. */
export function loopBusyCheck(monotonic: () => number): () => boolean {
  let measured = performance.eventLoopUtilization();
  let sinceMs = monotonic();
  let isBusy = false;
  return () => {
    const nowMs = monotonic();
    if (nowMs - sinceMs < measuredMs) return isBusy;
    const now = performance.eventLoopUtilization();
    isBusy = performance.eventLoopUtilization(now, measured).utilization > busyShare;
    measured = now;
    sinceMs = nowMs;
    return isBusy;
  };
}
