import { latencyBucket, type MirrorFigures, type RevisionFigures } from "../../contract/figures.ts";

/** What became of a request that a pod had. A client that left is none of these: nobody knows how it would have ended. */
export type Ending = "answered" | "connection" | "timeout";

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

/** Counters of one revision: plain numbers, so that a request adds to them and nothing is looked up. */
export interface RevisionCounts {
  completed: number;
  failedStatus: number;
  failedConnection: number;
  failedTimeout: number;
  rejected: number;
  inFlight: number;
  serviceMs: number;
  /** By {@link latencyBucket}, as far as the highest that counted. */
  readonly latency: number[];
  /** Answers that clients got, by the first digit of their status; what never got one is in 0. */
  readonly byClass: number[];
  /** Absent until the first copy. */
  mirrored?: Mutable<MirrorFigures>;
}

export function revisionCounts(): RevisionCounts {
  return {
    completed: 0,
    failedStatus: 0,
    failedConnection: 0,
    failedTimeout: 0,
    rejected: 0,
    inFlight: 0,
    serviceMs: 0,
    latency: [],
    byClass: statusClasses(),
  };
}

/** One counter for each first digit of a status. */
export function statusClasses(): number[] {
  return [0, 0, 0, 0, 0, 0];
}

/** Counts one more status in its class. */
export function countStatus(byClass: number[], status: number): void {
  const first = Math.floor(status / 100);
  const index = first < byClass.length ? first : 0;
  byClass[index] = (byClass[index] ?? 0) + 1;
}

/** One request that a pod had and that has ended. */
export interface Service {
  readonly ending: Ending;
  /** Of the answer; of no meaning unless `answered`. */
  readonly status: number;
  /** From the choice of the pod to the last byte. */
  readonly serviceMs: number;
  /** The first one of its pod: it may have paid for what later ones do not, so that its time says nothing. */
  readonly isFirst: boolean;
}

/** Counts a request whose last byte was answered or that failed. */
export function countService(counts: RevisionCounts, { ending, status, serviceMs, isFirst }: Service): void {
  counts.completed += 1;
  counts.serviceMs += serviceMs;
  if (ending === "connection") counts.failedConnection += 1;
  else if (ending === "timeout") counts.failedTimeout += 1;
  else if (status >= 500) counts.failedStatus += 1;
  else {
    if (status >= 400) counts.rejected += 1;
    if (!isFirst) countLatency(counts.latency, serviceMs);
  }
}

function countLatency(latency: number[], serviceMs: number): void {
  const bucket = latencyBucket(serviceMs);
  while (latency.length <= bucket) latency.push(0);
  latency[bucket] = (latency[bucket] ?? 0) + 1;
}

/** As the contract has it. */
export function revisionFigures(counts: RevisionCounts): RevisionFigures {
  const { completed, rejected, inFlight, serviceMs, latency, mirrored } = counts;
  return {
    completed,
    failed: { status: counts.failedStatus, connection: counts.failedConnection, timeout: counts.failedTimeout },
    rejected,
    inFlight,
    serviceMs,
    latency: [...latency],
    ...(mirrored === undefined ? {} : { mirrored: { ...mirrored } }),
  };
}
