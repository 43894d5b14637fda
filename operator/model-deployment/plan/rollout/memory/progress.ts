import type { RolloutStatus } from "../../../../../crds/v1alpha1/rollout/rollout-status.ts";
import type { CapacityMode } from "../../capacity/question.ts";

/** What a user may ask for once; the value of each annotation is a nonce. */
export type Command = "promote" | "promoteFull" | "abort" | "retry";
/** The last value of each command that was met. */
export type Answered = Partial<Readonly<Record<Command, string>>>;

/** What the annotations of a ModelDeployment ask for. */
export interface Commands {
  readonly given: Answered;
  /** The rollout is to go no further for now. */
  readonly isPaused: boolean;
  /** Its pods are to be made anew when this is another value than before. */
  readonly restart?: string | undefined;
}

/** How a candidate was last judged. */
export interface Judgement {
  readonly verdict: "None" | "Pass" | "Fail";
  readonly message?: string | undefined;
  /** Of the candidate, and of the stable revision, in the same time. */
  readonly requests?: number | undefined;
  readonly stableRequests?: number | undefined;
  readonly divergence?: NonNullable<RolloutStatus["analysis"]>["divergence"];
  readonly atMs: number;
}

/** How far a candidate has come. */
export interface Progress {
  /** Index of the present step; as many as there are steps: after the last. */
  readonly step: number;
  readonly startedMs: number;
  readonly stepStartedMs: number;
  /** When it last came further. */
  readonly progressedMs: number;
  readonly isPaused: boolean;
  /** Why the rest of the steps is skipped. */
  readonly skipped?: string | undefined;
  readonly judgement?: Judgement | undefined;
}

/** What a step analyze came to that a candidate has left. */
export interface FinishedAnalysis {
  readonly revision: string;
  /** As `step 2 of 5 (analyze 1m)`. */
  readonly step: string;
  /** None: a command ended it before there was one. */
  readonly verdict: "None" | "Pass";
  readonly message?: string | undefined;
}

/** A revision that is not tried again. */
export interface FailedRevision {
  readonly revision: string;
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** Where pods of a candidate get room, and why there. */
export interface Capacity {
  readonly mode: CapacityMode;
  readonly why: string;
}
