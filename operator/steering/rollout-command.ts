import type { ModelDeployment, ModelDeploymentStatus } from "../../crds/v1alpha1/model-deployment.ts";
import { revisionHashes } from "../model-deployment/plan/revisions.ts";
import { annotations } from "../model-deployment/resources/labels.ts";

/** What users tell a rollout, by command line, page or annotation. */
export const rolloutCommands = ["promote", "promote-full", "abort", "retry", "pause", "resume", "restart"] as const;
/** What a rollout can be told. */
export type RolloutCommand = (typeof rolloutCommands)[number];

type Answered = NonNullable<NonNullable<ModelDeploymentStatus["rollout"]>["answered"]>;

/** How a command reaches the operator, and where status says that it was carried out; pausing needs no answer. */
interface Signal {
  readonly annotation: string;
  readonly answered?: keyof Answered;
}

/** By command. `resume` takes the annotation away, the others set it to a value of their own. */
export const signals: Readonly<Record<RolloutCommand, Signal>> = {
  promote: { annotation: annotations.promote, answered: "promote" },
  "promote-full": { annotation: annotations.promoteFull, answered: "promoteFull" },
  abort: { annotation: annotations.abort, answered: "abort" },
  retry: { annotation: annotations.retry, answered: "retry" },
  pause: { annotation: annotations.pause },
  resume: { annotation: annotations.pause },
  restart: { annotation: annotations.restart },
};

/** Whether the operator has carried out a command that was given with this value; pausing and going on count at once. */
export function isCarriedOut(
  command: RolloutCommand,
  value: string,
  { metadata, spec, status = {} }: ModelDeployment,
): boolean {
  const { answered } = signals[command];
  if (answered !== undefined) return status.rollout?.answered?.[answered] === value;
  if (command !== "restart") return true;
  const known = revisionHashes(spec, value, metadata.name);
  return [status.candidate, status.stable].some((share) => share !== undefined && known.includes(share.revision));
}

/** Why a command would change nothing now; undefined when it would. */
export function noEffectReason(command: RolloutCommand, deployment: ModelDeployment): string | undefined {
  return (obstacles[command] ?? withoutRollout)(deployment);
}

const obstacles: Readonly<Partial<Record<RolloutCommand, (deployment: ModelDeployment) => string | undefined>>> = {
  promote: (deployment) => withoutRollout(deployment) ?? notWaiting(deployment),
  pause: ({ metadata }) => (isPaused(metadata) ? "it is paused already" : undefined),
  resume: ({ metadata }) => (isPaused(metadata) ? undefined : "it is not paused"),
  retry: notFailed,
  restart: ({ spec }) => (spec.suspend === true ? "it is suspended" : undefined),
};

function withoutRollout({ status: { stable, candidate } = {} }: ModelDeployment): string | undefined {
  if (candidate === undefined) return "no rollout is under way";
  return stable === undefined ? "there is no stable revision yet" : undefined;
}

/** A promotion ends pauses and analyses; everything else goes on by itself as soon as it can. */
function notWaiting({ status = {} }: ModelDeployment): string | undefined {
  const { rollout: { steps = 0, stepName = "" } = {}, step = 0 } = status;
  if (step < steps && !stepName.startsWith("setWeight")) return undefined;
  const at = stepText(status);
  return `it does not wait at a pause or an analysis${at === undefined ? "" : `: ${at}`}`;
}

/** Only what the spec asks for now can be tried again. */
function notFailed({ metadata, spec, status }: ModelDeployment): string | undefined {
  const { failedRevisions: failed = [] } = status ?? {};
  if (failed.length === 0) return "no revision has failed";
  const wanted = revisionHashes(spec, metadata.annotations?.[annotations.restart], metadata.name);
  if (failed.some(({ revision }) => wanted.includes(revision))) return undefined;
  return `revision ${wanted[0]}, which the spec asks for, has not failed`;
}

function isPaused({ annotations: notes }: ModelDeployment["metadata"]): boolean {
  return notes?.[annotations.pause] !== undefined;
}

/** Where a rollout is, in a sentence. */
export function rolloutSummary({ metadata, status = {} }: ModelDeployment): string {
  const { stable, candidate } = status;
  const of = (revision: typeof stable): string =>
    revision === undefined
      ? "none"
      : `revision ${revision.revision} (version ${revision.version ?? "-"}) with ${revision.weight ?? 0} % of the requests`;
  const subject = `${metadata.namespace ?? "default"}/${metadata.name}`;
  const paused = isPaused(metadata) ? `; paused until modelwright resume ${metadata.name}` : "";
  if (candidate === undefined) return `${subject}: stable is ${of(stable)}${paused}`;
  const step = stepText(status);
  return `${subject}: candidate is ${of(candidate)}${step === undefined ? "" : `, ${step}`}${paused}`;
}

/** The present step of a rollout as `step 2 of 4: pause`; undefined where its strategy has none. */
export function stepText({
  rollout: { steps = 0, stepName = "" } = {},
  step = 0,
}: ModelDeploymentStatus): string | undefined {
  if (steps === 0) return undefined;
  return step >= steps ? "all steps done" : `step ${step + 1} of ${steps}: ${stepName}`;
}
