import type { RolloutStatus } from "../../../../../crds/v1alpha1/rollout/rollout-status.ts";
import type { CapacityMode } from "../../capacity/counts-input.ts";

/** A one-time command of a user; the value of its annotation is a nonce. */
export type Command = "promote" | "promoteFull" | "abort" | "retry";
/** The last answered nonce of each command. */
export type AnsweredCommands = Partial<Readonly<Record<Command, string>>>;

/** The commands in the annotations of a ModelDeployment. */
export interface Commands {
  readonly given: AnsweredCommands;
  /** The rollout is paused. */
  readonly isPaused: boolean;
  /** A changed value restarts the pods: it makes a new revision. */
  readonly restart?: string | undefined;
}

/** The last judgement of a candidate. */
export interface Judgement {
  readonly verdict: "None" | "Pass" | "Fail";
  readonly message?: string | undefined;
  /** Requests of the candidate, and of the stable revision in the same time. */
  readonly requests?: number | undefined;
  readonly stableRequests?: number | undefined;
  readonly divergence?: NonNullable<RolloutStatus["analysis"]>["divergence"];
  readonly atMs: number;
}

/** Progress of a candidate through its steps. */
export interface Progress {
  /** Index of the current step; the number of steps after the last. */
  readonly step: number;
  readonly startedMs: number;
  readonly stepStartedMs: number;
  /** When it last made progress. */
  readonly progressedMs: number;
  readonly isPaused: boolean;
  /** Why the remaining steps are skipped. */
  readonly skipped?: string | undefined;
  readonly judgement?: Judgement | undefined;
}

/** The result of a completed `analyze` step. */
export interface FinishedAnalysis {
  readonly revision: string;
  /** Such as `step 2 of 5 (analyze 1m)`. */
  readonly step: string;
  /** None: a command ended the step before there was a verdict. */
  readonly verdict: "None" | "Pass";
  readonly message?: string | undefined;
}

/** A revision that failed and is not retried. */
export interface FailedRevision {
  readonly revision: string;
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** How a candidate's pods get room, and why in this way. */
export interface Capacity {
  readonly mode: CapacityMode;
  readonly why: string;
}
