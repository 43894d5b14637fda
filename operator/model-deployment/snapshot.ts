import type { ModelDeploymentSpec, ModelDeploymentStatus } from "../../crds/v1alpha1/model-deployment.ts";
import type { ModelFacts } from "../../runtime/contract/model-facts.ts";
import type { Evidence, Trial } from "../analysis/evidence.ts";
import type {
  EndpointSlice,
  HttpRoute,
  Pod,
  PodDisruptionBudget,
  Service,
  ServiceAccount,
  Stored,
} from "../kube/kinds.ts";
import type { Placement } from "./plan/capacity/placement.ts";
import { wantedRevision } from "./plan/revisions.ts";
import type {
  Answered,
  Capacity,
  Commands,
  FailedRevision,
  Progress,
  FinishedAnalysis,
} from "./plan/rollout/memory/progress.ts";
import { rolloutState } from "./plan/rollout/memory/state.ts";
import { declaredModel, modelOfUrl } from "./resources/names.ts";

/** What the installation decides, the same for every ModelDeployment. */
export interface Settings {
  /** Image of the runtime, with the programs `serve` and `fetch`. */
  readonly runtimeImage: string;
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
  /** Names of Secrets to pull it with, in the namespace of each ModelDeployment. */
  readonly imagePullSecrets?: readonly string[];
  /** How long a change needs until the last gateway and node know it: pods serve on for that long after SIGTERM. */
  readonly drainDelayMs: number;
  /** How long a pod may take to finish its requests, drain delay included, before it is killed. */
  readonly terminationGraceSeconds: number;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  /** Base of `status.url` where clients come in through one front (local mode); absent: the Service's own name. */
  readonly frontUrl?: string;
}

/** Which ModelDeployment this is, at which state. */
export interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** Generation that status speaks of. */
  readonly observedGeneration?: number | undefined;
  /** RFC 3339, so that texts compare as times. */
  readonly createdAt: string;
  /** It is being deleted, and these finalizers are waited for. */
  readonly heldBy?: readonly string[] | undefined;
}

/** A container of a pod, init containers included, as the kubelet last saw it. */
export interface ObservedContainer {
  readonly name: string;
  readonly init: boolean;
  readonly ready: boolean;
  readonly running: boolean;
  /** Since when it runs, when it does. */
  readonly startedMs?: number | undefined;
  readonly restarts: number;
  readonly waiting?: { readonly reason: string; readonly message: string } | undefined;
  /** How it ended: its state now or, when it was started again, the state before. */
  readonly ended?: { readonly exitCode: number; readonly reason: string; readonly message: string } | undefined;
}

/** What was last told about a pod in an event: its status never says why a volume, its sandbox or a probe fails. */
export interface PodWarning {
  /** `FailedMount`, `Unhealthy`. */
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
}

export interface ObservedPod {
  readonly name: string;
  readonly uid: string;
  readonly address?: string | undefined;
  readonly phase: string;
  readonly node?: string | undefined;
  /** When the condition Ready last became what it is, when it is not True. */
  readonly notReadySinceMs?: number | undefined;
  /** Passes its readiness probe and is not on its way out. */
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly containers: readonly ObservedContainer[];
  /** The scheduler's own sentence. */
  readonly unschedulable?: { readonly message: string; readonly sinceMs: number } | undefined;
  /** Why the kubelet gave the whole pod up: evicted, refused. */
  readonly failure?: { readonly reason: string; readonly message: string } | undefined;
  readonly warning?: PodWarning | undefined;
  /** What the runtime says about its model. */
  readonly facts?: ModelFacts | undefined;
}

/** A revision that has a ReplicaSet of ours. */
export interface ObservedRevision {
  readonly hash: string;
  /** Number on the wire. */
  readonly version: string;
  /** Name of its model on the wire; absent: a release made it that did not note it. */
  readonly model?: string | undefined;
  readonly replicaSet: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    /** As declared in its spec. */
    readonly replicas: number;
    /** Pods that it counts. */
    readonly pods: number;
    /** Of the runtime in its template. */
    readonly image?: string | undefined;
    /** Why it cannot create pods: a quota, an admission rule. */
    readonly failure?: string | undefined;
    readonly failureSinceMs?: number | undefined;
  };
  readonly retiredAtMs?: number | undefined;
  /** Where its pods may be, and what they take there. */
  readonly placement?: Placement | undefined;
  readonly pods: readonly ObservedPod[];
}

/** An object that has the name of one of ours and belongs to somebody else. */
export interface ForeignObject {
  readonly kind: string;
  readonly name: string;
  /** It belonged to an earlier ModelDeployment of this name: garbage collection is about to delete it. */
  readonly isLeftover: boolean;
}

/** Who has a gateway port, or is given it. */
export type Claimant = Pick<Identity, "uid" | "createdAt">;

/** A gateway port that was looked at, and the ModelDeployment that has it. */
export interface PortProbe {
  readonly port: number;
  readonly takenBy?: Claimant;
}

/** A gateway of ours or, of a ModelDeployment with path Direct, a Gateway of the Gateway API that its HTTPRoute is attached to. */
export interface ObservedGateway {
  /** Name of its pod; of a Gateway of the Gateway API `Gateway NAMESPACE/NAME`. */
  readonly pod: string;
  /** Absent: nothing of ours leads there. */
  readonly address?: string | undefined;
  /** The split of this ModelDeployment that the gateway last acknowledged. */
  readonly acknowledged?: string | undefined;
}

/** Everything that is known when a plan is made; absent objects are undefined. */
export interface Observation {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** `now` as RFC 3339 with milliseconds, for stamps. */
  readonly timestamp: string;
  readonly settings: Settings;
  readonly identity: Identity;
  readonly spec: ModelDeploymentSpec;
  /**
   * The last status written. Progress that cannot be observed elsewhere is in `stable` and `candidate` (revision, version,
   * weight), `step`, `rollout`, `capacity.mode`, `failedRevisions`, `highestVersion`, `gateway.port` and `url` (by which name
   * clients know the model that serves).
   */
  readonly status: ModelDeploymentStatus;
  /** What the autoscaler wants; undefined: it has not decided yet, or there is no `spec.autoscaling`. */
  readonly scaling?: Scaling | undefined;
  /** What its annotations ask for. */
  readonly commands?: Commands | undefined;
  /** Requests of both revisions since the rollout's present step began, and lately. */
  readonly evidence?: Evidence | undefined;
  readonly recentEvidence?: Evidence | undefined;
  /** How long this operator has seen the rollout get no further; the clock that status is written by may have been set since. */
  readonly stalledMs?: number | undefined;
  /** How long it has seen the stable revision without a ready pod while another is wanted. */
  readonly stableAbsentMs?: number | undefined;
  /** Of the wanted revision; undefined: nothing is asked of it before it gets requests. */
  readonly trial?: Trial | undefined;
  readonly revisions: readonly ObservedRevision[];
  readonly serviceAccount?: (ServiceAccount & Stored) | undefined;
  readonly service?: (Service & Stored) | undefined;
  readonly endpointSlices: readonly (EndpointSlice & Stored)[];
  readonly podDisruptionBudget?: (PodDisruptionBudget & Stored) | undefined;
  readonly httpRoute?: (HttpRoute & Stored) | undefined;
  /** Services of single revisions. */
  readonly revisionServices?: readonly (Service & Stored)[] | undefined;
  readonly foreign: readonly ForeignObject[];
  /** Ready gateways, by name of the pod. */
  readonly gateways: readonly ObservedGateway[];
  /** Others with an open stream: their readiness may be seen late, and requests come on connections that stay. */
  readonly unreadyGateways?: readonly ObservedGateway[] | undefined;
  /** The first field of our API that the API server drops because it serves an older one. */
  readonly lackingField?: string | undefined;
  /** The present port first, then the order of probing up to the first free one. */
  readonly ports: readonly PortProbe[];
  readonly namesakes?: string | undefined;
}

/** How much of the traffic a revision is to get, as status keeps it. */
export interface Share {
  readonly revision: string;
  readonly version: string;
  /** Percent. */
  readonly weight: number;
}

/** The progress of a rollout that lives in status. */
export interface RolloutState {
  readonly stable?: Share | undefined;
  readonly candidate?: Share | undefined;
  /** Of the candidate on its way to take over from the stable revision. */
  readonly progress?: Progress | undefined;
  /** Where its pods get room; said until those of the other revision are gone. */
  readonly capacity?: Capacity | undefined;
  readonly answered?: Answered | undefined;
  /** The newest last. */
  readonly failed?: readonly FailedRevision[] | undefined;
  /** Steps analyze that were left, of the newest rollout that left one; the newest last. */
  readonly analyses?: readonly FinishedAnalysis[] | undefined;
}

/** What the autoscaler says of a ModelDeployment with `spec.autoscaling`. */
export interface Scaling {
  /** Pods that are wanted, of all revisions together. */
  readonly desired: number;
  /** Of these those that the present load needs; absent: not known. */
  readonly needed?: number | undefined;
  /** Why so many, a sentence. */
  readonly why: string;
  /** The members of `status.autoscaling` beside these. */
  readonly figures: Omit<NonNullable<ModelDeploymentStatus["autoscaling"]>, "desired" | "why">;
}

/** An observation and what follows from it, computed once. Frozen and printable: a bug report is a snapshot and a plan. */
export interface Snapshot extends Observation {
  /** What the spec asks for. */
  readonly wanted: {
    readonly hash: string;
    readonly replicas: number;
    /** Why so many pods. */
    readonly why: string;
    readonly model: string;
  };
  /** Name by which clients reach what serves, which is not the wanted one's while that is on its way. */
  readonly servedModel: string;
  /** What status says about the rollout. */
  readonly rollout: RolloutState;
}

/** Freezes an observation together with its derived facts. */
export function createSnapshot(observation: Observation): Snapshot {
  const { spec, status, identity, now } = observation;
  const model = declaredModel(identity.name, spec);
  return Object.freeze({
    ...observation,
    wanted: { hash: wantedRevision(observation), ...wantedReplicas(observation), model },
    servedModel: modelOfUrl(status.url ?? "") ?? model,
    rollout: rolloutState(status, now),
  });
}

/** Until the autoscaler has decided, what it last decided holds; a first pod tells whether the model can be served. */
function wantedReplicas({ spec, status, scaling }: Observation): Pick<Snapshot["wanted"], "replicas" | "why"> {
  const { suspend, replicas = 1, autoscaling } = spec;
  if (suspend === true) return { replicas: 0, why: "spec.suspend is true" };
  if (autoscaling === undefined) return { replicas, why: `spec.replicas is ${replicas}` };
  const { min = 1, max } = autoscaling;
  const { desired, why } = scaling ?? status.autoscaling ?? {};
  const bounded = Math.min(Math.max(desired ?? Math.max(min, 1), min), max);
  return { replicas: bounded, why: `the autoscaler wants ${bounded}${why === undefined ? "" : `: ${why}`}` };
}

/** The observed revision with this hash. */
export function revisionOf(snapshot: Snapshot, hash: string | undefined): ObservedRevision | undefined {
  return snapshot.revisions.find((revision) => revision.hash === hash);
}

/** Name on the wire of a revision's model. */
export function modelName(snapshot: Snapshot, revision: string): string {
  const { wanted, servedModel } = snapshot;
  return revision === wanted.hash ? wanted.model : (revisionOf(snapshot, revision)?.model ?? servedModel);
}

/** Pods of a revision that serve. */
export function readyPods(revision: ObservedRevision | undefined): readonly ObservedPod[] {
  return revision?.pods.filter((pod) => pod.ready) ?? [];
}

/** Pods that exist or are about to: those that ended for good (evicted, refused by a node) only wait to be cleared away. */
export function livePods(revision: ObservedRevision | undefined): readonly ObservedPod[] {
  return revision?.pods.filter(({ phase }) => phase !== "Failed" && phase !== "Succeeded") ?? [];
}

/** Passes its readiness probe. */
export function isPodReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: state }) => type === "Ready" && state === "True") === true;
}
