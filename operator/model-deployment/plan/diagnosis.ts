import { Fault } from "../../../runtime/base/fault.ts";
import { exitCodes } from "../../../runtime/contract/exit-codes.ts";
import { terminationMessage } from "../../../runtime/contract/termination.ts";
import { deploymentFaults as faults } from "../faults.ts";
import { modelVolumeName } from "../resources/pod/model-source.ts";
import { type ObservedContainer, type ObservedPod, type ObservedRevision, readyPods } from "../snapshot.ts";

/** How long a pod may wait for a node (an autoscaler may be adding one) before somebody is called. */
export const unschedulableGraceMs = 300_000;
/** How long a container may load before its probe is said to fail: it goes on, but somebody may want to look. */
export const loadGraceMs = 300_000;
/** Restarts after which a container is taken to crash for a reason that does not go away. */
const crashLoopRestarts = 3;

/** Reasons of the kubelet (kubernetes `pkg/kubelet/images/types.go`, cri-api `pkg/errors`). */
const pullReasons = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "ImageInspectError",
  "RegistryUnavailable",
  "SignatureValidationFailed",
]);
const refusalReasons = new Set(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]);
/** Why a container waits whose volumes are not mounted yet (kubernetes `pkg/kubelet/kubelet_pods.go`). */
const initialReasons = new Set(["ContainerCreating", "PodInitializing"]);
/** Why no node helps (kube-scheduler `plugins/volumebinding`, apimachinery's NotFound): only a claim or volume does. */
const claimMissing = /persistentvolumeclaim "[^"]*" (not found|is being deleted|bound to non-existent)/;
/** Reasons of events (kubernetes `pkg/kubelet/events/event.go`). */
const mountReasons = ["FailedMount", "FailedAttachVolume", "FailedMapVolume"];
const setUpReasons = ["FailedCreatePodSandBox", "FailedPrepareDynamicResources"];
const probeReason = "Unhealthy";
/** Those of warnings that are read here; a pod may have others at the same time that explain nothing. */
export const warningReasons: ReadonlySet<string> = new Set([...mountReasons, ...setUpReasons, probeReason]);
/** Longer than a runtime takes from its start until it listens. */
const quietStartMs = 5_000;
const killedForMemory = "OOMKilled";
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
  notSetUp,
  containersFailing,
  nodeLost,
  probeFailing,
  loadOverdue,
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

/** There may be room when other pods are gone. */
export function isLackOfRoom({ code }: Fault): boolean {
  return roomCodes.has(code);
}

const roomCodes: ReadonlySet<string> = new Set(["PodsRefused", "WaitingForCapacity", "Unschedulable"]);

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
  if (claimMissing.test(message)) return faults.ModelNotFound({ pod, message: message.replace(/\.$/, "") });
  return now - sinceMs < unschedulableGraceMs
    ? faults.WaitingForCapacity({ pod, message })
    : faults.Unschedulable({ pod, message });
}

/** A failed mount is no container's fault: it is told in events only, and the containers wait meanwhile. */
function notMounted({ name: pod, warning, containers }: ObservedPod): Fault | undefined {
  if (warning === undefined || containers.some(isBeyondMounts) || !mountReasons.includes(warning.reason)) {
    return undefined;
  }
  const { message } = warning;
  if (!/not found|non-existent/.test(message)) return faults.MountFailed({ pod, message });
  const [, volume = modelVolumeName] = /for volume "([^"]+)"/.exec(message) ?? [];
  return volume === modelVolumeName ? faults.ModelNotFound({ pod, message }) : faults.VolumeNotFound({ pod, message });
}

/** Its network or its devices. */
function notSetUp({ name: pod, warning, containers }: ObservedPod): Fault | undefined {
  if (warning === undefined || containers.some(isBeyondMounts) || !setUpReasons.includes(warning.reason)) {
    return undefined;
  }
  return faults.SandboxFailed({ pod, message: warning.message });
}

function isBeyondMounts({ running, ended, waiting }: ObservedContainer): boolean {
  return running || ended !== undefined || (waiting !== undefined && !initialReasons.has(waiting.reason));
}

/** What the kubelet reported last still stands, but for Ready: the node lifecycle controller took that back. */
function nodeLost({ name: pod, node, containers }: ObservedPod): Fault | undefined {
  const serving = containers.filter(({ init }) => !init);
  if (node === undefined || serving.length === 0 || !serving.every(({ ready }) => ready)) return undefined;
  return faults.NodeLost({ pod, node });
}

/** Not while it loads: a container that was not ready yet since it started has not failed. */
function probeFailing(observed: ObservedPod): Fault | undefined {
  const { name: pod, notReadySinceMs = 0, containers } = observed;
  const lapsed = containers.find(
    ({ init, running, ready, startedMs = Number.POSITIVE_INFINITY }) =>
      !init && running && !ready && startedMs < notReadySinceMs,
  );
  if (lapsed === undefined) return undefined;
  return faults.ProbeFailing({ pod, container: lapsed.name, complaint: probeComplaint(observed) });
}

function loadOverdue(pod: ObservedPod, now: number): Fault | undefined {
  const slow = loadingContainer(pod);
  if (slow?.startedMs === undefined || now - slow.startedMs < loadGraceMs) return undefined;
  const minutes = loadGraceMs / 60_000;
  return faults.LoadOverdue({ pod: pod.name, container: slow.name, minutes, complaint: probeComplaint(pod) });
}

/** The server of a pod that was not ready yet. */
export function loadingContainer({ containers }: ObservedPod): ObservedContainer | undefined {
  return containers.find(({ init, running, ready }) => !init && running && !ready);
}

/**
 * Why a probe of a container that runs fails, in the kubelet's words. Not at the start, when nobody listens yet, and not
 * that it answers 503: that is how it says that it loads.
 */
export function probeComplaint(pod: ObservedPod): string | undefined {
  const { warning } = pod;
  const { startedMs } = loadingContainer(pod) ?? {};
  if (warning?.reason !== probeReason || startedMs === undefined) return undefined;
  if (warning.atMs < startedMs + quietStartMs || warning.message.endsWith(" 503")) return undefined;
  return warning.message;
}

function containersFailing(pod: ObservedPod): Fault | undefined {
  return pod.containers.map((container) => containerFault(pod.name, container)).find((fault) => fault !== undefined);
}

function containerFault(pod: string, container: ObservedContainer): Fault | undefined {
  const { name, init, waiting, ended, ready } = container;
  if (waiting !== undefined && pullReasons.has(waiting.reason)) {
    return faults.ImagePullFailed({ pod, container: name, ...waiting });
  }
  if (waiting !== undefined && refusalReasons.has(waiting.reason)) {
    return faults.ContainerRefused({ pod, container: name, ...waiting });
  }
  // A server that ends has failed, however well it ended: a probe may have ended it.
  if (ended === undefined || ready || (init && ended.exitCode === 0)) return undefined;
  return outOfMemory(pod, container, ended) ?? lastWords(pod, container, ended) ?? failure(pod, container, ended);
}

type Ended = NonNullable<ObservedContainer["ended"]>;

/** What it wrote before is of no matter: it did not know. */
function outOfMemory(pod: string, container: ObservedContainer, { exitCode, reason }: Ended): Fault | undefined {
  if (reason !== killedForMemory) return undefined;
  const fault = faults.OutOfMemory({ pod, container: container.name, exitCode });
  if (isFinal(container, exitCode)) return fault;
  const { code, sentence: message } = fault;
  return new Fault({ code, message, retry: "backoff", level: "warn" });
}

/** What the runtime itself wrote before it exited, under its own code. */
function lastWords(pod: string, container: ObservedContainer, { exitCode, message }: Ended): Fault | undefined {
  const words = terminationMessage(message.trim());
  if (words === undefined || !reasonPattern.test(words.code)) return undefined;
  const needsHuman = isFinal(container, exitCode);
  return new Fault({
    code: words.code,
    message: `container ${container.name} of pod ${pod} exited with code ${exitCode}: ${words.message}`,
    ...(words.hint === undefined ? {} : { hint: words.hint }),
    retry: needsHuman ? "never" : "backoff",
    level: needsHuman ? "error" : "warn",
  });
}

function failure(pod: string, container: ObservedContainer, { exitCode, reason, message }: Ended): Fault {
  const lastLine = message.trim().split("\n").at(-1)?.trim() ?? "";
  const { name, restarts } = container;
  const told = { pod, container: name, exitCode, reason, lastLine: lastLine === "" ? "it left no message" : lastLine };
  return isFinal(container, exitCode)
    ? faults.ContainerCrashLoops({ ...told, restarts })
    : faults.ContainerFailed(told);
}

function isFinal({ restarts }: ObservedContainer, exitCode: number): boolean {
  return finalExitCodes.has(exitCode) || restarts >= crashLoopRestarts;
}
