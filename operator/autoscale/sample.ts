/** What was seen of one model since the last sample; counters are differences, the rest is the state now. */
export interface Sample {
  /** Seconds that the counters cover; absent: the time since the last sample, and after an unusually long time nobody knows. */
  readonly seconds?: number;
  /** Requests that arrived. */
  readonly arrivals: number;
  /** Requests whose answer was sent. */
  readonly completions: number;
  /** Seconds that those requests spent in a replica, waiting excluded, summed. */
  readonly serviceSeconds: number;
  /** Requests that replicas work on now. */
  readonly inFlight: number;
  /** Requests that wait for a replica now. */
  readonly queued: number;
  /** Seconds that the oldest of them has waited; 0 when none waits. */
  readonly oldestWait: number;
  /** Replicas that take requests. */
  readonly ready: number;
  /** Replicas that are ordered and not ready. */
  readonly pending: number;
  /** Replicas that finish their requests and take no new ones. */
  readonly draining: number;
  /** Seconds from creation to ready, of each replica that became ready. */
  readonly coldStarts: readonly number[];
}
