import type { Fault } from "../../runtime/base/fault.ts";
import type { ModelDeploymentStatus } from "../../crds/v1alpha1/model-deployment.ts";
import type { ConditionType } from "../../crds/v1alpha1/status/conditions.ts";
import type { Action } from "./plan/action.ts";

/** One event to publish about a ModelDeployment. */
export interface EventValue {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** The events of what was done and of what newly went wrong or right; `before` and `after` are statuses. */
export function events(
  done: readonly Action[],
  before: ModelDeploymentStatus,
  after: ModelDeploymentStatus,
): readonly EventValue[] {
  return [
    ...done.flatMap((action) => actionEvent(action)),
    ...readinessEvent(before, after),
    ...ignoredEvents(before, after),
  ];
}

/** An API call that was refused for good or for long. */
export function applyFailed(fault: Fault): EventValue {
  return { type: fault.level === "info" ? "Normal" : "Warning", reason: fault.code, message: fault.sentence };
}

type Kind = Action["kind"];
type Telling<K extends Kind> = (action: Extract<Action, { kind: K }>) => Omit<EventValue, "type"> | undefined;

/** Only what a user asked for or would ask about; upkeep of Services and the like stays in the log. */
const tellings: { readonly [K in Kind]: Telling<K> } = {
  create: ({ object, target, why }) =>
    object.kind === "ReplicaSet" ? { reason: "RevisionCreated", message: `created ${target}: ${why}` } : undefined,
  scale: ({ target, from, to, why }) => ({
    reason: "Scaled",
    message: `scaled ${target} from ${from} to ${to}: ${why}`,
  }),
  shift: ({ split, why }) => ({ reason: "TrafficShifted", message: `traffic goes ${spelled(split)}: ${why}` }),
  step: ({ target, why }) => ({ reason: "StepReached", message: `${target}: ${why}` }),
  answer: ({ target, why }) => ({ reason: "CommandAnswered", message: `${target}: ${why}` }),
  promote: ({ target, why }) => ({ reason: "RevisionPromoted", message: `${target} is stable: ${why}` }),
  delete: ({ resource, target, why }) =>
    resource.kind === "ReplicaSet" ? { reason: "RevisionRemoved", message: `removed ${target}: ${why}` } : undefined,
  apply: () => undefined,
  retire: () => undefined,
  revive: () => undefined,
  // Told as a warning, by the condition that it makes.
  rollBack: () => undefined,
};

function actionEvent<K extends Kind>(action: Extract<Action, { kind: K }>): readonly EventValue[] {
  const telling: Telling<K> = tellings[action.kind];
  const told = telling(action);
  return told === undefined ? [] : [{ type: "Normal", ...told }];
}

/** Reasons of Ready for what takes its course; any other reason of a Ready that is False is a fault's code. */
const quietReasons: ReadonlySet<string> = new Set(["NothingServes", "RolloutInProgress", "Scaling", "Terminating"]);

/** Says why it is not ready when that is a fault, whenever the sentence changes, and once that it is ready again. */
function readinessEvent(before: ModelDeploymentStatus, after: ModelDeploymentStatus): readonly EventValue[] {
  const was = readiness(before);
  const is = readiness(after);
  if (is === undefined) return [];
  const { status, reason, message } = is;
  if (status === "True") return was?.status === "True" ? [] : [{ type: "Normal", reason, message }];
  if (quietReasons.has(reason) || (was?.reason === reason && was.message === message)) return [];
  return [{ type: "Warning", reason, message }];
}

const ignoring: readonly string[] = [
  "ReplicasIgnored",
  "SchedulesIgnored",
  "NameShared",
] satisfies readonly ConditionType[];

/** Says once what has no effect, whenever the sentence changes. */
function ignoredEvents(before: ModelDeploymentStatus, after: ModelDeploymentStatus): readonly EventValue[] {
  return (after.conditions ?? []).flatMap(({ type, reason, message }) => {
    if (!ignoring.includes(type)) return [];
    const was = before.conditions?.find((condition) => condition.type === type);
    return was?.message === message ? [] : [{ type: "Warning", reason, message }];
  });
}

function readiness({
  conditions,
}: ModelDeploymentStatus): { status: string; reason: string; message: string } | undefined {
  return conditions?.find(({ type }) => type === "Ready");
}

/** `a=0 b=100` as `0 % to a, 100 % to b`. */
function spelled(split: string): string {
  if (split === "") return "nowhere";
  return split
    .split(" ")
    .map((part) => part.split("="))
    .map(([hash, weight]) => `${weight} % to ${hash}`)
    .join(", ");
}
