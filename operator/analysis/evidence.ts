import type { MirrorFigures } from "../../runtime/contract/figures.ts";

/** What one revision's requests were like over a span of time, summed over all gateways. */
export interface RevisionWindow {
  /** Requests that ended, in whatever way; those that clients broke off are not among them. */
  readonly requests: number;
  /** Of these, answers of 5xx, broken connections and time-outs. */
  readonly failed: number;
  /** Counts by bucket of {@link import("../../runtime/contract/figures.ts").latencyBucket}; the first request of each pod is in none. */
  readonly latency: readonly number[];
  /** Comparison with the answers that clients got; only of a candidate that gets copies. */
  readonly mirrored?: MirrorFigures | undefined;
}

/** What is known of all revisions of a ModelDeployment over one and the same span of time. */
export interface Evidence {
  /** Milliseconds since the epoch. Later than asked for when the operator or a gateway started since: then less is known, never something wrong. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** By revision hash; a revision without requests is not in it. */
  readonly revisions: Readonly<Record<string, RevisionWindow>>;
}

/** Whether a revision passes what is asked of it before it gets any request: its signature and the golden requests. */
export interface Trial {
  readonly state: "Running" | "Passed" | "Failed";
  /** Reason of the condition when it failed: `SignatureChanged` or `PredictionsDiffer`. */
  readonly reason?: string | undefined;
  /** What was compared with which result, a sentence. */
  readonly message: string;
}
