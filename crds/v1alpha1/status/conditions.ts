import { Type } from "typebox";

import { listMap } from "../../schema/list.ts";

/** Types of the conditions in status and what each means when it is True. */
export const conditionTypes = {
  Ready: "The declared state is reached and serves; scaled to zero or suspended on purpose counts.",
  Available: "Somebody answers right now.",
  Progressing: "A rollout, load or scale is under way; False, with a reason, at rest.",
  Reconciling: "The controller works on it. Present only when True (kstatus).",
  Stalled: "It cannot go on without a human. Present only when True (kstatus).",
  ReplicasIgnored: "Somebody writes spec.replicas, which has no effect under spec.autoscaling. Present only when True.",
  SchedulesIgnored:
    "A schedule of spec.autoscaling never opens: its time zone is not known, or no year has its day. Present only when True.",
  NameShared:
    "Models of other ModelDeployments have the same name, and the port that all share cannot tell them apart by it. Present only when True.",
} as const;

/** A type of condition. */
export type ConditionType = keyof typeof conditionTypes;

/** Reasons of conditions and what each means; the code of a fault is a reason too (`faults.ts`). */
export const conditionReasons = {
  AsDeclared: "What the spec declares is what serves.",
  ScaledToZero: "No pods, because spec.replicas is 0.",
  Suspended: "No pods, because spec.suspend is true.",
  RolloutInProgress: "A new revision is on its way; the stable one serves.",
  NothingServes: "No revision has a ready pod.",
  StableServes: "The stable revision has ready pods.",
  NothingReady: "No pod is ready.",
  StepPaused: "The rollout waits at a step.",
  WaitingForCapacity: "A pod waits for a node or a GPU.",
  Downloading: "A pod fetches the model.",
  Loading: "A pod loads or warms up the model.",
  Scaling: "Pods are added or removed.",
  Analyzing: "The rollout compares the candidate with the stable revision.",
  RolledBack: "The candidate failed; the stable revision took its place back.",
  Aborted: "The rollout was aborted by a command.",
  AnalysisFailed: "The candidate did worse than the stable revision.",
  SignatureChanged: "The candidate's inputs or outputs are not those of the stable revision.",
  PredictionsDiffer: "The candidate's predictions are not those that are expected.",
  ImagePullFailed: "The image of a pod cannot be pulled.",
  ModelNotFound: "The model is not where spec.model.source points.",
  VolumeNotFound: "What a volume of spec.podOverlay names is not there.",
  DigestMismatch: "The model is not the one that spec.model.digest or sha256 pins.",
  UnsupportedLayer: "The engine cannot run a layer of the model.",
  Unschedulable: "The scheduler finds no node for a pod.",
  Terminating: "It is being deleted, and somebody's finalizer holds it.",
  SameModelName: "The model is not the only one of its name.",
  AutoscalingDecides: "spec.autoscaling is set, and its number is the one that counts.",
  ProgressDeadline: "The rollout took longer than allowed.",
} as const;

const described = (entries: Readonly<Record<string, string>>) =>
  Object.entries(entries)
    .map(([name, meaning]) => `${name}: ${meaning}`)
    .join(" ");

/** One condition, as every Kubernetes object has them. */
export const condition = Type.Object(
  {
    type: Type.String({
      description: `Type of the condition. ${described(conditionTypes)}`,
      pattern: "^[A-Za-z]([A-Za-z0-9]*)$",
      maxLength: 63,
    }),
    status: Type.Enum(["True", "False", "Unknown"], { description: "Whether the condition holds." }),
    observedGeneration: Type.Optional(
      Type.Integer({
        description: "metadata.generation that the condition was computed from.",
        format: "int64",
        minimum: 0,
      }),
    ),
    lastTransitionTime: Type.String({ description: "When status last changed.", format: "date-time" }),
    reason: Type.String({
      description: "One word in CamelCase why the condition is what it is.",
      pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
      minLength: 1,
      maxLength: 128,
    }),
    message: Type.String({ description: "A sentence that names what is wrong and the way out.", maxLength: 32_768 }),
  },
  { description: "One observation about the ModelDeployment." },
);

/** `status.conditions`. */
export const conditions = listMap(condition, ["type"], {
  description: "What can be said about the ModelDeployment right now, one entry per type.",
  maxItems: 16,
});
