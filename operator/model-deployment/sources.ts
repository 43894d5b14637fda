import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import type { ModelFacts } from "../../runtime/contract/model-facts.ts";
import type { Evidence, Trial } from "../analysis/evidence.ts";
import type {
  EndpointSlice,
  HttpRoute,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
  ServiceAccount,
  Stored,
} from "../kube/kinds.ts";
import type { ObjectIdentity } from "../kube/store/packed.ts";
import type { Sighted } from "./timing/sightings.ts";
import type { Claimant, PodWarning, Scaling, Settings } from "./snapshot.ts";

/** Name of an object in a namespace. */
export interface NamedKey {
  readonly namespace: string;
  readonly name: string;
}

/** What is found by its name. */
export type NamedKind =
  | "deployments"
  | "serviceAccounts"
  | "services"
  | "endpointSlices"
  | "podDisruptionBudgets"
  | "httpRoutes";

/** What is found by the UID of its owner. */
export type OwnedKind = "services" | "replicaSets" | "pods";

/** What `observe` reads from: caches in production, plain maps in stories. Nothing here asks the API server. */
export interface Sources {
  readonly settings: Settings;
  now(): number;
  deployment(key: NamedKey): (ModelDeployment & Stored) | undefined;
  deploymentsOnPort(port: number): readonly ObjectIdentity[];
  /** Whom this process gives a port that no status shows yet. */
  portClaimant(port: number): Claimant | undefined;
  replicaSetsOf(ownerUid: string): readonly (ReplicaSet & Stored)[];
  replicaSet(key: NamedKey): (ReplicaSet & Stored) | undefined;
  podsOf(replicaSetUid: string): readonly (Pod & Stored)[];
  serviceAccount(key: NamedKey): (ServiceAccount & Stored) | undefined;
  service(key: NamedKey): (Service & Stored) | undefined;
  endpointSlice(key: NamedKey): (EndpointSlice & Stored) | undefined;
  podDisruptionBudget(key: NamedKey): (PodDisruptionBudget & Stored) | undefined;
  httpRoute(key: NamedKey): (HttpRoute & Stored) | undefined;
  /** Services that a ModelDeployment owns. */
  servicesOf(ownerUid: string): readonly (Service & Stored)[];
  /** Of a kind, who is there in which state. */
  identityAt(kind: NamedKind, key: NamedKey): ObjectIdentity | undefined;
  identitiesOwnedBy(kind: OwnedKind, ownerUid: string): readonly ObjectIdentity[];
  /** All pods of gateways. */
  gateways(): readonly (Pod & Stored)[];
  /** What an event last told about a pod. */
  warning(podUid: string): PodWarning | undefined;
  /** By name of the gateway's pod the split that it acknowledged for a ModelDeployment; undefined: it has said nothing yet. */
  acknowledged(key: string): ReadonlyMap<string, string | undefined>;
  facts(podUid: string): ModelFacts | undefined;
  /** What the autoscaler wants of a ModelDeployment. */
  scaling(key: string): Scaling | undefined;
  /** What is known of a ModelDeployment's requests since a time, in milliseconds since the epoch. */
  evidence(key: string, sinceMs: number): Evidence | undefined;
  /** How a revision passes what is asked of it before it gets requests; undefined: nothing is asked. */
  trial(key: string, revisionHash: string): Trial | undefined;
  /** How long this process has seen something of a ModelDeployment in a state, by a clock that nobody sets. */
  seenMs(key: string, what: Sighted, state: string): number;
  /** The first field of our API that the API server drops. */
  lackingField(): string | undefined;
  /** Whose models are called like that of a ModelDeployment. */
  namesakes(key: string, model: string): string | undefined;
}

/** Of `<namespace>/<name>`. */
export function namedKey(key: string): NamedKey {
  const at = key.indexOf("/");
  return { namespace: key.slice(0, at), name: key.slice(at + 1) };
}
