import type { Trace } from "./trace.ts";

/** What a policy made of a trace. */
export interface Outcome {
  /** Requests that count. */
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
  /** How long each request waited, in milliseconds; NaN when its service never began. */
  readonly waitsMs: Float64Array;
  readonly lateAfterSeconds: number;
  readonly gpuSeconds: number;
  readonly coldStarts: number;
  readonly mostReplicas: number;
}

/**
 * The figures of a run. A request counts when it arrived after the warm-up, unless it arrived so shortly before the end
 * that it could not be late yet and had not begun.
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
  counted.sort((one, other) => one - other);
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
