import { durationBuckets } from "../../base/metrics.ts";
import { latencyBucket, type MirrorFigures, type RevisionFigures } from "../../contract/figures.ts";

/** What became of a request that a pod had. A client that left is none of these: nobody knows how it would have ended. */
export type Ending = "answered" | "connection" | "timeout";

/** Counters of one revision: plain numbers, so that a request adds to them and nothing is looked up. */
export interface RevisionCounts {
  readonly hash: string;
  completed: number;
  failedStatus: number;
  failedConnection: number;
  failedTimeout: number;
  rejected: number;
  inFlight: number;
  serviceMs: number;
  /** By {@link latencyBucket}. Absent until something counts: most of thousands of models are seldom asked. */
  latency: number[] | undefined;
  answers: AnswerCounts | undefined;
  /** Absent until the first copy. */
  mirrored?: MirrorCounts;
}

/** Of copies. `dropped`: not sent, since too many were under way or the gateway was busy. */
export type MirrorCounts = { -readonly [Field in keyof MirrorFigures]-?: number } & { dropped: number };

export function revisionCounts(hash: string): RevisionCounts {
  return {
    hash,
    completed: 0,
    failedStatus: 0,
    failedConnection: 0,
    failedTimeout: 0,
    rejected: 0,
    inFlight: 0,
    serviceMs: 0,
    latency: undefined,
    answers: undefined,
  };
}

/** What clients got. */
export interface AnswerCounts {
  /** By the first digit of the status. */
  readonly byClass: number[];
  /** By the first of {@link durationBuckets} that holds them; the last has what none does. */
  readonly durations: number[];
  durationSumMs: number;
}

/** Counts an answer; the time is from the first byte of its request to the last of its own. */
export function countAnswer(of: { answers: AnswerCounts | undefined }, status: number, durationMs: number): void {
  const counts = (of.answers ??= { byClass: [], durations: [], durationSumMs: 0 });
  countAt(counts.byClass, Math.floor(status / 100));
  let bucket = 0;
  while (bucket < durationBuckets.length && durationMs > (durationBuckets[bucket] ?? 0) * 1000) bucket += 1;
  countAt(counts.durations, bucket);
  counts.durationSumMs += durationMs;
}

/** Lists of counters are as long as their highest index that counted. */
function countAt(counts: number[], index: number): void {
  while (counts.length <= index) counts.push(0);
  counts[index] = (counts[index] ?? 0) + 1;
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
    if (!isFirst) countAt((counts.latency ??= []), latencyBucket(serviceMs));
  }
}

/** As the contract has it. */
export function revisionFigures(counts: RevisionCounts): RevisionFigures {
  const { completed, rejected, inFlight, serviceMs, latency } = counts;
  return {
    completed,
    failed: { status: counts.failedStatus, connection: counts.failedConnection, timeout: counts.failedTimeout },
    rejected,
    inFlight,
    serviceMs,
    latency: [...(latency ?? [])],
    ...(counts.mirrored === undefined ? {} : { mirrored: mirrorFigures(counts.mirrored) }),
  };
}

function mirrorFigures({ dropped: _notInTheContract, ...figures }: MirrorCounts): MirrorFigures {
  return figures;
}
