import { Fault } from "../../../runtime/base/fault.ts";
import { exitCodes } from "../../../runtime/contract/exit-codes.ts";
import { terminationMessage } from "../../../runtime/contract/termination.ts";
import { deploymentFaults as faults } from "../faults.ts";
import { type ObservedContainer, type ObservedPod, type ObservedRevision, readyPods } from "../snapshot.ts";

/** How long a pod may wait for a node (an autoscaler may be adding one) before somebody is called. */
export const unschedulableGraceMs = 300_000;
/** Restarts after which a container is taken to crash for a reason that does not go away. */
const crashLoopRestarts = 3;

const pullReasons = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"]);
const refusalReasons = new Set(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]);
/** Exit codes after which starting again cannot help. */
const finalExitCodes: ReadonlySet<number> = new Set([exitCodes.usage, exitCodes.modelRefused]);
/** What a condition's reason may look like (apimachinery, metav1.Condition). */
const reasonPattern = /^[A-Za-z]([A-Za-z0-9_,:]{0,126}[A-Za-z0-9_])?$/;

type Check = (pod: ObservedPod, now: number) => Fault | undefined;

/** Looked at in this order, from what keeps a pod from existing to what keeps it from serving. */
const checks: readonly Check[] = [
  podLost,
  unschedulable, // no container can say anything before there is a node
  notMounted,
  containersFailing,
];

/** What keeps a revision's pods from serving; the first fault that no waiting can cure, else the first. */
export function diagnosis(revision: ObservedRevision | undefined, now: number): Fault | undefined {
  if (revision === undefined || isComplete(revision)) return undefined;
  const { failure, name } = revision.replicaSet;
  const found = revision.pods
    .filter((pod) => !pod.ready && !pod.terminating)
    .flatMap((pod) => checks.map((check) => check(pod, now)))
    .filter((fault) => fault !== undefined);
  if (failure !== undefined) found.unshift(faults.PodsRefused({ replicaSet: name, message: failure }));
  return found.find(({ retry }) => retry === "never") ?? found[0];
}

/** Whatever befell pods that were replaced since is over. */
function isComplete(revision: ObservedRevision): boolean {
  const { replicas } = revision.replicaSet;
  return replicas > 0 && readyPods(revision).length >= replicas;
}

function podLost({ name: pod, failure }: ObservedPod): Fault | undefined {
  return failure === undefined ? undefined : faults.PodLost({ pod, ...failure });
}

function unschedulable({ name: pod, unschedulable: waiting }: ObservedPod, now: number): Fault | undefined {
  if (waiting === undefined) return undefined;
  const { message, sinceMs } = waiting;
  return now - sinceMs < unschedulableGraceMs
    ? faults.WaitingForCapacity({ pod, message })
    : faults.Unschedulable({ pod, message });
}

/** A failed mount is no container's fault: the kubelet tells it in events only, and the containers wait meanwhile. */
function notMounted({ name: pod, mountFailure: message, containers }: ObservedPod): Fault | undefined {
  if (message === undefined || containers.some(({ running, ended }) => running || ended !== undefined))
    return undefined;
  return /not found|non-existent/.test(message)
    ? faults.ModelNotFound({ pod, message })
    : faults.MountFailed({ pod, message });
}

function containersFailing(pod: ObservedPod): Fault | undefined {
  return pod.containers.map((container) => containerFault(pod.name, container)).find((fault) => fault !== undefined);
}

function containerFault(pod: string, container: ObservedContainer): Fault | undefined {
  const { name, waiting, ended, ready, restarts } = container;
  if (waiting !== undefined && pullReasons.has(waiting.reason)) {
    return faults.ImagePullFailed({ pod, container: name, ...waiting });
  }
  if (waiting !== undefined && refusalReasons.has(waiting.reason)) {
    return faults.ContainerRefused({ pod, container: name, ...waiting });
  }
  if (ended === undefined || ready || ended.exitCode === 0) return undefined;
  return lastWords(pod, container, ended) ?? failure({ pod, container: name, restarts, ...ended });
}

/** What the runtime itself wrote before it exited, under its own code. */
function lastWords(
  pod: string,
  { name, restarts }: ObservedContainer,
  { exitCode, message }: NonNullable<ObservedContainer["ended"]>,
): Fault | undefined {
  const words = terminationMessage(message.trim());
  if (words === undefined || !reasonPattern.test(words.code)) return undefined;
  const isFinal = finalExitCodes.has(exitCode) || restarts >= crashLoopRestarts;
  return new Fault({
    code: words.code,
    message: `container ${name} of pod ${pod} exited with code ${exitCode}: ${words.message}`,
    ...(words.hint === undefined ? {} : { hint: words.hint }),
    retry: isFinal ? "never" : "backoff",
    level: isFinal ? "error" : "warn",
  });
}

function failure(ended: {
  pod: string;
  container: string;
  exitCode: number;
  reason: string;
  message: string;
  restarts: number;
}): Fault {
  const { message, ...rest } = ended;
  const lastLine = message.trim().split("\n").at(-1)?.trim() ?? "";
  const args = { ...rest, lastLine: lastLine === "" ? "it left no message" : lastLine };
  const isFinal = finalExitCodes.has(ended.exitCode) || ended.restarts >= crashLoopRestarts;
  return isFinal ? faults.ContainerCrashLoops(args) : faults.ContainerFailed(args);
}
