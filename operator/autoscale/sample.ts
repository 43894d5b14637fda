/** What was measured of one model since the last sample: counters are differences, everything else is the present state. */
export interface Sample {
  /** Seconds that the counters cover. Absent: the time since the last sample, unless that is unusually long; then it is unknown. */
  readonly seconds?: number;
  /** Requests that arrived. */
  readonly arrivals: number;
  /** Requests that were answered. */
  readonly completions: number;
  /** Seconds that those requests spent in a replica, summed, without the time they waited. */
  readonly serviceSeconds: number;
  /** Requests that replicas work on now. */
  readonly inFlight: number;
  /** Requests that wait for a replica now. */
  readonly queued: number;
  /** Seconds that the oldest of them has waited; 0 when none waits. */
  readonly oldestWait: number;
  /** Replicas that take requests. */
  readonly ready: number;
  /** Replicas that are ordered and not ready yet. */
  readonly pending: number;
  /** Replicas that finish their requests and take no new ones. */
  readonly draining: number;
  /** Seconds from creation to ready, of each replica that became ready. */
  readonly coldStarts: readonly number[];
}
