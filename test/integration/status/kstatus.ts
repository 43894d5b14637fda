import type { Condition } from "../../../crds/v1alpha1/model-deployment.ts";

/** The fields that kstatus and kubectl wait read. */
export interface Readable {
  readonly metadata: { readonly generation?: number; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Pick<Condition, "type" | "status" | "observedGeneration">[];
  };
}

/** A result of kstatus. */
export type KStatus = "Current" | "InProgress" | "Failed" | "Terminating";

/**
 * The status that kstatus computes for a custom resource (kubernetes-sigs/cli-utils `pkg/kstatus/status`: `Compute` in
 * status.go, `checkGenericProperties`, `checkGeneration` and `checkReadyCondition` in generic.go), which Helm 4's
 * `--wait` and Flux go by: deletion, then generation, then the first of Reconciling and Stalled in the order of the list,
 * then Ready; without any of these conditions the object counts as Current.
 */
export function kstatus({ metadata, status = {} }: Readable): KStatus {
  if ((metadata.deletionTimestamp ?? "") !== "") return "Terminating";
  const { observedGeneration, conditions = [] } = status;
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return "InProgress";
  const abnormal = conditions.find(
    ({ type, status: state }) => (type === "Reconciling" || type === "Stalled") && state === "True",
  );
  if (abnormal !== undefined) return abnormal.type === "Stalled" ? "Failed" : "InProgress";
  const ready = conditions.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True" ? "Current" : "InProgress";
}

/**
 * Whether `kubectl wait --for=condition=Ready` is satisfied (kubectl `pkg/cmd/wait/condition.go`: `checkCondition` and
 * `getObservedGeneration`): a condition of an earlier generation does not count.
 */
export function isWaitOver({ metadata, status = {} }: Readable): boolean {
  const ready = status.conditions?.find(({ type }) => type.toLowerCase() === "ready");
  if (ready === undefined) return false;
  const observed = ready.observedGeneration ?? status.observedGeneration;
  if (metadata.generation !== undefined && observed !== undefined && observed < metadata.generation) return false;
  return ready.status.toLowerCase() === "true";
}

/** Why kstatus and kubectl wait disagree on a state; undefined when they agree. */
export function disagreement(object: Readable): string | undefined {
  const computed = kstatus(object);
  const isOver = isWaitOver(object);
  if (computed === "Terminating" || (computed === "Current") === isOver) return undefined;
  return `kstatus says ${computed}, kubectl wait says ${isOver ? "Ready" : "not Ready"}: ${JSON.stringify(object.status)}`;
}
