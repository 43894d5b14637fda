import { Type } from "typebox";

import { listMap } from "../../schema/list.ts";

/** Condition types and what each means when it is True. */
export const conditionTypes = {
  Ready: "The declared state is reached and serves; scaled to zero or suspended on purpose counts.",
  Available: "Requests are answered right now.",
  Progressing: "A rollout, a model load or a scaling is under way; False, with a reason, at rest.",
  Reconciling: "The operator is working on it. Present only when True (kstatus).",
  Stalled: "It cannot continue without human intervention. Present only when True (kstatus).",
  ReplicasIgnored:
    "spec.replicas is being written, which has no effect under spec.autoscaling. Present only when True.",
  SchedulesIgnored:
    "A schedule of spec.autoscaling never opens: its time zone is unknown, or its date never occurs. Present only when True.",
  NameShared:
    "Another ModelDeployment's model has the same name, so the gateway's shared ports cannot tell them apart by it. Present only when True.",
} as const;

/** A type of condition. */
export type ConditionType = keyof typeof conditionTypes;

/** Usual reasons of conditions and their meanings. The code of any fault (`faults.ts`) can be a reason as well. */
export const conditionReasons = {
  AsDeclared: "What the spec declares is what serves.",
  ScaledToZero: "No pods: spec.replicas is 0, or the autoscaler wants none.",
  Suspended: "No pods, because spec.suspend is true.",
  RolloutInProgress: "A new revision is being rolled out; the stable one serves.",
  NothingServes: "No revision has a ready pod.",
  StableServes: "The stable revision has ready pods.",
  NothingReady: "No pod is ready.",
  StepPaused: "The rollout waits at a step.",
  WaitingForCapacity: "A pod waits for a node or a GPU.",
  Downloading: "A pod is downloading the model.",
  Loading: "A pod is loading or warming up the model.",
  Scaling: "Pods are being added or removed.",
  Analyzing: "The candidate is being compared with the stable revision.",
  RolledBack: "The candidate failed; the stable revision serves again.",
  Aborted: "The rollout was aborted by a command.",
  AnalysisFailed: "The candidate did worse than the stable revision.",
  SignatureChanged: "The candidate's inputs or outputs differ from the stable revision's.",
  PredictionsDiffer: "The candidate's predictions differ from those expected.",
  ImagePullFailed: "The image of a pod cannot be pulled.",
  ModelNotFound: "The model is not where spec.model.source points.",
  VolumeNotFound: "What a volume of spec.podOverlay refers to does not exist.",
  DigestMismatch: "The model's digest differs from spec.model.digest or sha256.",
  UnsupportedLayer: "The engine cannot run a layer of the model.",
  Unschedulable: "The scheduler finds no node for a pod.",
  Terminating: "It is being deleted and waits for a finalizer.",
  SameModelName: "Another model has the same name.",
  UnknownTimeZone: "A schedule names a time zone that does not exist.",
  NeverOpens: "A schedule names a date that never occurs.",
  AutoscalingDecides: "spec.autoscaling is set and decides the number of pods.",
  ProgressDeadline: "The rollout took longer than allowed.",
} as const;

const described = (entries: Readonly<Record<string, string>>) =>
  Object.entries(entries)
    .map(([name, meaning]) => `${name}: ${meaning}`)
    .join(" ");

/** A condition in the usual Kubernetes form. */
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
      description: "Reason for the status, one word in CamelCase.",
      pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
      minLength: 1,
      maxLength: 128,
    }),
    message: Type.String({ description: "What is the case or wrong, and how to fix it.", maxLength: 32_768 }),
  },
  { description: "One observation about the ModelDeployment." },
);

/** `status.conditions`. */
export const conditions = listMap(condition, ["type"], {
  description: "Current observations about the ModelDeployment, one entry per type.",
  maxItems: 16,
});
