/** What `load-generator.ts` prints, as JSON. */
export interface LoadReport {
  readonly requests: number;
  readonly wrong: number;
  readonly rejected: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Of refusals alone. */
  readonly rejectP99: number;
}
