import type { ContainerStatus, ObservedCondition, Pod } from "../../../kube/kinds.ts";
import type { ContainerRecord } from "../container/container-runner.ts";

type PodStatus = NonNullable<Pod["status"]>;

/** The state of a pod worker, from which the pod's status is made. */
export interface PodFacts {
  readonly address: string | undefined;
  readonly hostAddress: string;
  readonly startTime: string;
  readonly volumesMounted: boolean;
  readonly initContainers: readonly NamedRecord[];
  readonly containers: readonly NamedRecord[];
  /** Set when no container will run again. */
  readonly finished: "Succeeded" | "Failed" | undefined;
}

/** A container and its state. */
export interface NamedRecord {
  readonly name: string;
  readonly image: string;
  readonly record: ContainerRecord;
}

/** The pod status. Unchanged conditions keep the transition times of `previous`. */
export function podStatus(facts: PodFacts, previous: PodStatus | undefined, now: string): PodStatus {
  const phase = phaseOf(facts);
  return {
    phase,
    conditions: conditions(facts, phase).map((condition) => ({
      ...condition,
      lastTransitionTime: transitionTime(condition, previous, now),
    })),
    ...hostFields(facts),
    startTime: facts.startTime,
    ...(facts.initContainers.length === 0
      ? {}
      : { initContainerStatuses: facts.initContainers.map(initContainerStatus) }),
    containerStatuses: facts.containers.map(containerStatus),
  };
}

function hostFields({ address, hostAddress }: PodFacts): object {
  return {
    hostIP: hostAddress,
    hostIPs: [{ ip: hostAddress }],
    ...(address === undefined ? {} : { podIP: address, podIPs: [{ ip: address }] }),
  };
}

function phaseOf({ finished, containers }: PodFacts): string {
  if (finished !== undefined) return finished;
  const begun = containers.filter(
    ({ record }) => record.state?.waiting === undefined || record.lastState?.terminated !== undefined,
  );
  return containers.length > 0 && begun.length === containers.length ? "Running" : "Pending";
}

function conditions(facts: PodFacts, phase: string): ObservedCondition[] {
  const ended = phase === "Succeeded" ? "PodCompleted" : phase === "Failed" ? "PodFailed" : undefined;
  const incomplete = facts.initContainers.filter(({ record }) => !isInitialized(record));
  const unready = facts.containers.filter(({ record }) => !record.ready);
  const ready = condition(
    ended === undefined && incomplete.length === 0 && unready.length === 0,
    ended ?? "ContainersNotReady",
    ended === undefined ? `containers with unready status: [${names(unready)}]` : undefined,
  );
  return [
    { type: "PodReadyToStartContainers", ...condition(facts.volumesMounted && ended === undefined) },
    {
      type: "Initialized",
      ...condition(
        incomplete.length === 0,
        "ContainersNotInitialized",
        `containers with incomplete status: [${names(incomplete)}]`,
      ),
    },
    { type: "Ready", ...ready },
    { type: "ContainersReady", ...ready },
    { type: "PodScheduled", ...condition(true) },
  ];
}

function condition(holds: boolean, reason?: string, message?: string): Omit<ObservedCondition, "type"> {
  if (holds) return { status: "True" };
  return {
    status: "False",
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}

function transitionTime(condition: ObservedCondition, previous: PodStatus | undefined, now: string): string {
  const before = previous?.conditions?.find(({ type }) => type === condition.type);
  return before?.status === condition.status ? (before.lastTransitionTime ?? now) : now;
}

function isInitialized({ state }: ContainerRecord): boolean {
  return state?.terminated?.exitCode === 0;
}

function containerStatus({ name, image, record }: NamedRecord): ContainerStatus {
  return { name, image, imageID: `local/${image}`, ...record };
}

/** An init container is ready when it has succeeded. */
function initContainerStatus(container: NamedRecord): ContainerStatus {
  return { ...containerStatus(container), ready: isInitialized(container.record) };
}

function names(containers: readonly NamedRecord[]): string {
  return containers.map(({ name }) => name).join(" ");
}
