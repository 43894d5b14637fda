import type { Trace } from "./trace.ts";

/** Results of one simulation. */
export interface Outcome {
  /** Requests that are counted. */
  readonly requests: number;
  /** Those that waited too long. */
  readonly late: number;
  readonly latePercent: number;
  /** Replica time from the end of the warm-up, starting and draining included. */
  readonly gpuSeconds: number;
  readonly gpuHours: number;
  readonly p99WaitSeconds: number;
  /** Replicas ordered. */
  readonly coldStarts: number;
  readonly mostReplicas: number;
}

interface Observed {
  readonly trace: Trace;
  /** Milliseconds that each request waited; NaN when its service never began. */
  readonly waitsMs: Float64Array;
  readonly lateAfterSeconds: number;
  readonly gpuSeconds: number;
  readonly coldStarts: number;
  readonly mostReplicas: number;
}

/**
 * Computes the results. A request is counted when it arrived after the warm-up, unless it had not begun at the end and could not
 * be late yet.
 */
export function outcome(observed: Observed): Outcome {
  const { trace, waitsMs, lateAfterSeconds, gpuSeconds } = observed;
  const lateMs = lateAfterSeconds * 1000;
  const endMs = trace.seconds * 1000;
  const counted: number[] = [];
  for (const [index, arrivalMs] of trace.arrivalsMs.entries()) {
    const waitMs = waitsMs[index] ?? Number.NaN;
    if (arrivalMs < trace.warmupSeconds * 1000) continue;
    if (!Number.isNaN(waitMs)) counted.push(waitMs);
    else if (endMs - arrivalMs > lateMs) counted.push(endMs - arrivalMs);
  }
  counted.sort((a, b) => a - b);
  const late = counted.filter((waitMs) => waitMs > lateMs).length;
  return {
    requests: counted.length,
    late,
    latePercent: counted.length === 0 ? 0 : (100 * late) / counted.length,
    gpuSeconds,
    gpuHours: gpuSeconds / 3600,
    p99WaitSeconds: (counted[Math.floor(0.99 * counted.length)] ?? 0) / 1000,
    coldStarts: observed.coldStarts,
    mostReplicas: observed.mostReplicas,
  };
}
