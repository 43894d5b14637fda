import type { Condition } from "../../../crds/v1alpha1/model-deployment.ts";
import type { ConditionType } from "../../../crds/v1alpha1/status/conditions.ts";
import type { Fault } from "../../../runtime/base/fault.ts";
import type { Plan } from "../plan/action.ts";
import { annotations, gatewayLabels, labels } from "../resources/labels.ts";
import { progressText } from "../plan/rollout/steps/position.ts";
import { strategy } from "../plan/rollout/steps/strategy.ts";
import { type ObservedRevision, readyPods, revisionOf, type Share, type Snapshot } from "../snapshot.ts";
import type { FailedRevision } from "../plan/rollout/memory/progress.ts";
import { ending } from "./ending.ts";
import { nameShared } from "./name-shared.ts";
import { remarks } from "./remarks.ts";

/** What conditions are computed from. */
export interface Standing {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  /** Why the plan could not be carried out to its end. */
  readonly failure?: Fault | undefined;
}

interface Verdict {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

type Rule = (standing: Standing) => Verdict | undefined;

/** For each type the rules in order: the first that applies says the condition. No rule applies: the type is left out. */
const rules: Readonly<Record<ConditionType, readonly Rule[]>> = {
  Ready: [
    failed,
    suspended,
    scaledToZero,
    stopping,
    faulty,
    rolledBack,
    noGateway,
    nothingReady,
    rollingOut,
    notEnoughPods,
    asDeclared,
  ],
  Available: [serves, servesNothing],
  Progressing: [blocked, retrying, givenUp, held, underWay, atRest],
  Reconciling: [reconciling],
  Stalled: [stalled],
  ReplicasIgnored: [remarked("ReplicasIgnored")],
  SchedulesIgnored: [remarked("SchedulesIgnored")],
  NameShared: [notAlone],
};

/** Kubernetes shows conditions in the order of the list. */
const order = Object.keys(rules) as readonly ConditionType[]; // of which it is a record

/**
 * All conditions, replacing those of `previous`; `lastTransitionTime` is kept while a status does not change. `Ready`,
 * `Available` and `Progressing` are always there; `Reconciling` and `Stalled` only when True, as kstatus reads them.
 */
export function conditions(standing: Standing, previous: readonly Condition[]): readonly Condition[] {
  const { identity, timestamp } = standing.snapshot;
  return order.flatMap((type) => {
    const verdict = verdictOf(type, standing);
    if (verdict === undefined) return [];
    const before = previous.find((condition) => condition.type === type);
    const since = before?.status === verdict.status ? before.lastTransitionTime : `${timestamp.slice(0, 19)}Z`;
    return [{ type, ...verdict, observedGeneration: identity.generation, lastTransitionTime: since }];
  });
}

function verdictOf(type: ConditionType, standing: Standing): Verdict | undefined {
  const { heldBy } = standing.snapshot.identity;
  if (heldBy !== undefined) return ending(type, heldBy);
  for (const rule of rules[type]) {
    const verdict = rule(standing);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

// Ready: is the declared state reached, and does it serve?

function failed({ failure }: Standing): Verdict | undefined {
  return failure === undefined ? undefined : { status: "False", reason: failure.code, message: failure.sentence };
}

function suspended({ snapshot, plan }: Standing): Verdict | undefined {
  if (snapshot.spec.suspend !== true || plan.hold !== undefined || plan.faults.length > 0) return undefined;
  return { status: "True", reason: "Suspended", message: "no pods, because spec.suspend is true" };
}

function scaledToZero({ snapshot, plan }: Standing): Verdict | undefined {
  if (snapshot.wanted.replicas > 0 || plan.hold !== undefined || plan.faults.length > 0) return undefined;
  return { status: "True", reason: "ScaledToZero", message: `no pods, because ${snapshot.wanted.why}` };
}

function stopping({ snapshot, plan }: Standing): Verdict | undefined {
  if (snapshot.wanted.replicas > 0 || plan.faults.length > 0) return undefined;
  return { status: "False", reason: "RolloutInProgress", message: plan.hold?.why ?? "pods are stopping" };
}

/** The cause, its way out, and what serves meanwhile. */
function faulty({ snapshot, plan }: Standing): Verdict | undefined {
  const [fault] = plan.faults;
  if (fault === undefined) return undefined;
  const serving = servingRevision(snapshot, plan);
  const meanwhile =
    serving === undefined || serving.share.revision === snapshot.wanted.hash
      ? ""
      : `; revision ${serving.share.revision} (version ${serving.share.version}) still serves`;
  return { status: "False", reason: fault.code, message: `${fault.sentence}${meanwhile}` };
}

/** What failed and why, what serves instead, and the ways out. */
function rolledBack({ snapshot, plan }: Standing): Verdict | undefined {
  const failed = failedRevision(snapshot, plan);
  if (failed === undefined) return undefined;
  const { stable } = plan.rollout;
  const isBack = readyPods(revisionOf(snapshot, stable?.revision)).length > 0;
  const serving =
    stable === undefined
      ? ""
      : `; revision ${stable.revision} (version ${stable.version}) ${isBack ? "serves" : "is coming back"}`;
  return {
    status: "False",
    reason: "RolledBack",
    message: `revision ${failed.revision} was rolled back, because of ${failed.reason}: ${failed.message}${serving}; ${wayOut(snapshot)}`,
  };
}

function wayOut({ identity }: Snapshot): string {
  return `change the spec, or try it again: modelwright retry ${identity.name}, or the annotation ${annotations.retry}`;
}

/** The wanted revision, where it is one that is not tried again. */
function failedRevision({ wanted }: Snapshot, { rollout }: Plan): FailedRevision | undefined {
  if (wanted.replicas === 0) return undefined;
  return rollout.failed?.find(({ revision }) => revision === wanted.hash);
}

function noGateway({ snapshot }: Standing): Verdict | undefined {
  if (snapshot.gateways.length > 0) return undefined;
  const where = `${labels.component}=${gatewayLabels[labels.component]}`;
  const message = `no gateway is ready, so no request can be served; see the pods labelled ${where}`;
  return { status: "False", reason: "NothingServes", message };
}

function nothingReady({ snapshot, plan }: Standing): Verdict | undefined {
  if (servingRevision(snapshot, plan) !== undefined) return undefined;
  const why = plan.hold === undefined ? "" : `: ${plan.hold.why}`;
  return { status: "False", reason: "NothingServes", message: `no revision has a ready pod yet${why}` };
}

function rollingOut({ snapshot, plan }: Standing): Verdict | undefined {
  const { stable, candidate } = plan.rollout;
  if (candidate === undefined) return undefined;
  const onTop =
    stable === undefined ? "" : `; revision ${stable.revision} (version ${stable.version}) serves ${stable.weight} %`;
  const why = plan.hold?.why ?? plan.actions.at(-1)?.why ?? "the rollout is under way";
  const { progress } = plan.rollout;
  const at = progress && progressText(strategy(snapshot.spec).steps, progress);
  const where = at === undefined ? "" : `, ${at}`;
  return {
    status: "False",
    reason: "RolloutInProgress",
    message: `revision ${candidate.revision} (version ${candidate.version}) gets ${candidate.weight} % of the requests${where}: ${why}${onTop}`,
  };
}

function notEnoughPods({ snapshot, plan }: Standing): Verdict | undefined {
  const ready = readyPods(revisionOf(snapshot, plan.rollout.stable?.revision)).length;
  const { replicas } = snapshot.wanted;
  if (ready >= replicas) return undefined;
  return { status: "False", reason: "Scaling", message: `${ready} of ${pods(replicas)} ready` };
}

function asDeclared({ snapshot, plan }: Standing): Verdict {
  const { stable } = plan.rollout;
  const { replicas } = snapshot.wanted;
  const subject = `revision ${stable?.revision ?? snapshot.wanted.hash} (version ${stable?.version ?? "1"})`;
  return { status: "True", reason: "AsDeclared", message: `${subject} serves with ${pods(replicas)}` };
}

// Available: does somebody answer right now?

function serves({ snapshot, plan }: Standing): Verdict | undefined {
  const serving = servingRevision(snapshot, plan);
  if (serving === undefined || snapshot.gateways.length === 0) return undefined;
  const { share, revision } = serving;
  return {
    status: "True",
    reason: "StableServes",
    message: `revision ${share.revision} (version ${share.version}) has ${pods(readyPods(revision).length)} ready`,
  };
}

function servesNothing({ snapshot }: Standing): Verdict {
  const message = snapshot.gateways.length === 0 ? "no gateway is ready" : "no pod is ready that gets requests";
  return { status: "False", reason: "NothingReady", message };
}

// Progressing: is anything under way?

function blocked({ plan, failure }: Standing): Verdict | undefined {
  const fault = failure ?? plan.faults[0];
  if (fault === undefined || fault.retry !== "never") return undefined;
  return { status: "False", reason: fault.code, message: fault.sentence };
}

function held({ plan }: Standing): Verdict | undefined {
  return plan.hold === undefined ? undefined : { status: "True", reason: plan.hold.reason, message: plan.hold.why };
}

function retrying({ failure }: Standing): Verdict | undefined {
  if (failure === undefined) return undefined;
  return { status: "True", reason: "RolloutInProgress", message: `retrying: ${failure.sentence}` };
}

function givenUp({ snapshot, plan }: Standing): Verdict | undefined {
  const failed = failedRevision(snapshot, plan);
  if (failed === undefined) return undefined;
  return { status: "False", reason: "RolledBack", message: `${failed.reason}: ${failed.message}` };
}

/** What was just done is seen with the next look only. */
function underWay({ snapshot, plan }: Standing): Verdict | undefined {
  const { candidate, progress } = plan.rollout;
  if (snapshot.wanted.replicas === 0 || candidate === undefined || progress === undefined) return undefined;
  const why = plan.actions.at(-1)?.why ?? "the rollout is under way";
  return { status: "True", reason: "RolloutInProgress", message: why };
}

function atRest({ snapshot }: Standing): Verdict {
  if (snapshot.spec.suspend === true) return { status: "False", reason: "Suspended", message: "nothing is under way" };
  if (snapshot.wanted.replicas === 0)
    return { status: "False", reason: "ScaledToZero", message: "nothing is under way" };
  const reason = snapshot.gateways.length === 0 ? "NothingServes" : "AsDeclared";
  return { status: "False", reason, message: "nothing is under way" };
}

// kstatus

/** Not while it is Ready: what is left to do then (an old revision drains) is nothing that anybody has to wait for. */
function reconciling(standing: Standing): Verdict | undefined {
  const progressing = verdictOf("Progressing", standing);
  if (progressing?.status !== "True" || verdictOf("Ready", standing)?.status === "True") return undefined;
  return progressing;
}

function stalled(standing: Standing): Verdict | undefined {
  const verdict = blocked(standing);
  if (verdict !== undefined) return { ...verdict, status: "True" };
  const failed = retrying(standing) === undefined ? failedRevision(standing.snapshot, standing.plan) : undefined;
  if (failed === undefined) return undefined;
  const message = `revision ${failed.revision} is not tried again: ${failed.message}; ${wayOut(standing.snapshot)}`;
  return { status: "True", reason: failed.reason, message };
}

/** Of several remarks the first gives the reason. */
function remarked(type: ConditionType): Rule {
  return ({ snapshot: { spec } }) => {
    const [first, ...others] = remarks(spec).filter(({ condition }) => condition === type);
    if (first === undefined) return undefined;
    const { reason } = first;
    return { status: "True", reason, message: [first, ...others].map(({ message }) => message).join("; ") };
  };
}

function notAlone({ snapshot: { wanted, namesakes = "" } }: Standing): Verdict | undefined {
  const message = nameShared(wanted.model, namesakes);
  return namesakes === "" ? undefined : { status: "True", reason: "SameModelName", message };
}

interface Serving {
  readonly share: Share;
  readonly revision: ObservedRevision;
}

/** The revision that answers: the one with the most weight among those that have ready pods. */
function servingRevision(snapshot: Snapshot, plan: Plan): Serving | undefined {
  const { stable, candidate } = plan.rollout;
  return [stable, candidate]
    .filter((share) => share !== undefined)
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .flatMap((share) => {
      const revision = revisionOf(snapshot, share.revision);
      return revision === undefined || readyPods(revision).length === 0 ? [] : [{ share, revision }];
    })[0];
}

function pods(count: number): string {
  return `${count} ${count === 1 ? "pod" : "pods"}`;
}
