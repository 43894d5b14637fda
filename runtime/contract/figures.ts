/** Path on a gateway's admin port: `GET /figures?after=CURSOR` answers {@link GatewayFigures}, as JSON. */
export const figuresPath = "/figures";

/**
 * What a gateway counted since it started. Pulled by the operator every second; only ModelDeployments that changed since
 * the cursor are in it, so that a pull costs what happened, not what exists.
 */
export interface GatewayFigures {
  /** Name of the gateway's pod. */
  readonly gateway: string;
  /** Identifies this run of the program: with another one all counters began again at 0. */
  readonly run: string;
  /** For the next pull. 0 asks for everything. */
  readonly cursor: number;
  /** Milliseconds since this run began, on its monotonic clock: what rates are computed with. */
  readonly elapsedMs: number;
  /** By key `<namespace>/<name>`. */
  readonly models: Readonly<Record<string, ModelFigures>>;
}

/** Counters of one ModelDeployment at one gateway; all but `queued`, `oldestWaitMs` and `inFlight` only grow. */
export interface ModelFigures {
  /** Requests that came in, whatever became of them. Retries and mirrored copies do not count. */
  readonly arrivals: number;
  /** Answered by the gateway itself because the queue was full or the wait too long. */
  readonly refused: number;
  /** Left by their clients, or by the gateway, before a pod had them. */
  readonly abandoned: number;
  /** Requests that wait right now because nothing is ready. */
  readonly queued: number;
  /** Age of the oldest of these in milliseconds; 0 without any. */
  readonly oldestWaitMs: number;
  /** By revision hash. */
  readonly revisions: Readonly<Record<string, RevisionFigures>>;
}

/** Counters of one revision. A request counts when its last byte was answered or it failed. */
export interface RevisionFigures {
  readonly completed: number;
  /** Of these, the failures by class: answers of 5xx, broken or refused connections, time-outs. A client that left is none. */
  readonly failed: { readonly status: number; readonly connection: number; readonly timeout: number };
  /** Answers of 4xx: the client's doing. */
  readonly rejected: number;
  /** Requests that a pod has right now. */
  readonly inFlight: number;
  /** Sum over `completed` of the time from the choice of the pod to the last byte, in milliseconds. */
  readonly serviceMs: number;
  /** Completed without failure by time: counts by bucket, see {@link latencyBucket}; trailing zeros are left out. The first request of each pod is in none. */
  readonly latency: readonly number[];
  /** What became of copies of requests that this revision answered unseen by clients. */
  readonly mirrored?: MirrorFigures;
}

/** Comparison of a candidate's answers with those that clients got. */
export interface MirrorFigures {
  /** Copies sent. */
  readonly sent: number;
  /**
   * Copies of requests that clients got an answer of 2xx to, once what became of the copy is known. Absent in answers of gateways
   * before this was told.
   */
  readonly judged?: number;
  /** Of these, copies without an answer of 2xx. */
  readonly failed: number;
  /** Pairs of answers that were compared. */
  readonly compared: number;
  /** Of these, pairs that differ beyond the tolerance, or in shape. */
  readonly differing: number;
  /** Largest absolute difference of two numbers. */
  readonly maxAbsolute: number;
  /** Sum and count of absolute differences, for their mean. */
  readonly sumAbsolute: number;
  readonly numbers: number;
  /** Rows with more than one number, and of these those whose largest number is at the same place. */
  readonly ranked: number;
  readonly agreeing: number;
}

/** Of how many copies it is known what became of them; gateways of an earlier release tell what they sent, some of which is under way. */
export function judgedCopies({ judged, sent }: MirrorFigures): number {
  return judged ?? sent;
}

/** Upper bound of the first bucket, in milliseconds, and the ratio of two neighbours: 56 buckets reach 100 s. */
const firstBoundMs = 0.5;
const ratio = 1.25;
/** Number of buckets of {@link RevisionFigures.latency}; the last has no upper bound. */
export const latencyBuckets = 56;

/** Index of the bucket that counts a time in milliseconds. */
export function latencyBucket(timeMs: number): number {
  if (timeMs <= firstBoundMs) return 0;
  const index = Math.ceil(Math.log(timeMs / firstBoundMs) / Math.log(ratio));
  return Math.min(index, latencyBuckets - 1);
}

/** Upper bound of a bucket in milliseconds. */
export function latencyBoundMs(bucket: number): number {
  return bucket >= latencyBuckets - 1 ? Infinity : firstBoundMs * ratio ** bucket;
}
