import { performance } from "node:perf_hooks";

/** Share of the time that an event loop may be at work and not count as busy. */
const busyShare = 0.8;
/** Over at least so long that is measured. */
const measuredMs = 500;

/** Tells whether this thread's event loop had little time left of late. */
export function busyLoop(monotonic: () => number): () => boolean {
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
