/** The JSON that `load-generator.ts` prints. */
export interface LoadReport {
  readonly requests: number;
  readonly wrong: number;
  readonly rejected: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Median of the p99s of quarter seconds, few of which are affected by stalls of the machine. */
  readonly quarterP99: number;
  /** p99 of refused requests. */
  readonly rejectP99: number;
}
