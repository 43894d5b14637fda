/** What `load-generator.ts` prints, as JSON. */
export interface LoadReport {
  readonly requests: number;
  readonly wrong: number;
  readonly rejected: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** That of a quarter of a second, the median of all: what stops the machine falls upon few of them. */
  readonly quarterP99: number;
  /** Of refusals alone. */
  readonly rejectP99: number;
}
