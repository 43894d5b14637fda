import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import type {
  EndpointSlice,
  KubeObject,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
  ServiceAccount,
  Stored,
} from "../../kube/kinds.ts";
import type { NamedKey, Sources } from "../observe.ts";
import { splitText } from "../../../runtime/contract/route-table.ts";
import { statusShares } from "../plan/traffic.ts";
import { gatewayLabels, systemNamespace } from "../resources/labels.ts";
import { isControlledBy } from "../resources/owner.ts";
import type { Settings } from "../snapshot.ts";

/** Kinds that a simulated cluster holds. */
export interface Kinds {
  readonly ModelDeployment: ModelDeployment;
  readonly ReplicaSet: ReplicaSet;
  readonly Pod: Pod;
  readonly Service: Service;
  readonly ServiceAccount: ServiceAccount;
  readonly EndpointSlice: EndpointSlice;
  readonly PodDisruptionBudget: PodDisruptionBudget;
}

type Kind = keyof Kinds;

/** Objects in memory and a clock that is moved by hand: what plans are tried out on. No API server, no network. */
export class SimulatedCluster {
  now: number;
  /** By name of the gateway's pod the split it works by. */
  readonly acknowledged = new Map<string, string>();
  readonly #settings: Settings;
  readonly #objects = new Map<string, KubeObject & Stored>();
  #resourceVersion = 0;
  #uid = 0;

  constructor(settings: Settings, startMs: number) {
    this.#settings = settings;
    this.now = startMs;
  }

  /** The object of this kind and name, whatever the kind. */
  at(kind: string, { namespace, name }: NamedKey): (KubeObject & Stored) | undefined {
    return this.#objects.get(path(kind, namespace, name));
  }

  find<K extends Kind>(kind: K, { namespace, name }: NamedKey): (Kinds[K] & Stored) | undefined {
    return this.at(kind, { namespace, name }) as (Kinds[K] & Stored) | undefined; // stored under its kind
  }

  all<K extends Kind>(kind: K): readonly (Kinds[K] & Stored)[] {
    const found = [...this.#objects.values()].filter((object) => object.kind === kind);
    return found as readonly (KubeObject & Stored)[] as readonly (Kinds[K] & Stored)[]; // by the filter above
  }

  /** Stores an object under a new resourceVersion, and under a new UID if it is new. */
  put<T extends KubeObject>(object: T): T & Stored {
    const { namespace = "default", name = "" } = object.metadata;
    const before = this.#objects.get(path(object.kind, namespace, name));
    this.#resourceVersion += 1;
    const stored = {
      ...object,
      metadata: {
        creationTimestamp: new Date(this.now).toISOString(),
        ...object.metadata,
        namespace,
        name,
        uid: before?.metadata.uid ?? object.metadata.uid ?? this.#nextUid(),
        resourceVersion: String(this.#resourceVersion),
      },
    };
    this.#objects.set(path(object.kind, namespace, name), stored);
    return stored;
  }

  delete({ kind, metadata }: KubeObject): void {
    this.#objects.delete(path(kind, metadata.namespace ?? "default", metadata.name ?? ""));
  }

  /** Pods that a ReplicaSet controls. */
  podsOf(replicaSetUid: string): readonly (Pod & Stored)[] {
    return this.all("Pod").filter(({ metadata }) => isControlledBy(metadata, replicaSetUid));
  }

  /** A ready gateway at this address. */
  addGateway(name: string, podIP: string): void {
    this.put<Pod>({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: systemNamespace, labels: gatewayLabels },
      spec: { containers: [] },
      status: { phase: "Running", podIP, conditions: [{ type: "Ready", status: "True" }] },
    });
  }

  gateways(): readonly (Pod & Stored)[] {
    return this.all("Pod").filter(({ metadata }) => metadata.namespace === systemNamespace);
  }

  /** Every gateway takes over the split that a ModelDeployment's status says. */
  acknowledge({ status = {} }: ModelDeployment): void {
    const split = splitText(statusShares(status).map(({ revision, weight }) => ({ hash: revision, weight })));
    for (const { metadata } of this.gateways()) this.acknowledged.set(metadata.name, split);
  }

  /** What `observe` reads from. */
  get sources(): Sources {
    return {
      settings: this.#settings,
      now: () => this.now,
      deployment: (key) => this.find("ModelDeployment", key),
      deploymentsOnPort: (port) => this.all("ModelDeployment").filter(({ status }) => status?.gateway?.port === port),
      replicaSetsOf: (uid) => this.all("ReplicaSet").filter(({ metadata }) => isControlledBy(metadata, uid)),
      replicaSet: (key) => this.find("ReplicaSet", key),
      podsOf: (uid) => this.podsOf(uid),
      serviceAccount: (key) => this.find("ServiceAccount", key),
      service: (key) => this.find("Service", key),
      endpointSlice: (key) => this.find("EndpointSlice", key),
      podDisruptionBudget: (key) => this.find("PodDisruptionBudget", key),
      gateways: () => this.gateways(),
      mountFailure: () => undefined,
      acknowledged: () => this.acknowledged,
      facts: () => undefined,
    };
  }

  #nextUid(): string {
    this.#uid += 1;
    return `uid-${this.#uid}`;
  }
}

function path(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}
