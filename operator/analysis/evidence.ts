import type { MirrorFigures } from "../../runtime/contract/figures.ts";

/** Request statistics of one revision over a time window, summed over all gateways. */
export interface RevisionWindow {
  /** Completed requests, successful or failed; not those that clients cancelled. */
  readonly requests: number;
  /** Those among them with a 5xx response, a broken connection or a time-out. */
  readonly failed: number;
  /** Counts by bucket of {@link import("../../runtime/contract/figures.ts").latencyBucket}, without the first request of each pod. */
  readonly latency: readonly number[];
  /** Comparison of mirrored requests with the responses that clients got; only for a candidate that gets copies. */
  readonly mirrored?: MirrorFigures | undefined;
}

/** Request statistics of all revisions of a ModelDeployment over the same time window. */
export interface Evidence {
  /** Milliseconds since the epoch. Later than requested if the operator or a gateway started since: then less is known, never something wrong. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** By revision hash, without revisions that had no requests. */
  readonly revisions: Readonly<Record<string, RevisionWindow>>;
}

/** State of the checks that a revision has to pass before it gets any request: its signature and the golden requests. */
export interface Preflight {
  readonly state: "Running" | "Passed" | "Failed";
  /** Reason of the condition when it failed: `SignatureChanged` or `PredictionsDiffer`. */
  readonly reason?: string | undefined;
  /** What was compared and with which result, a sentence. */
  readonly message: string;
}
