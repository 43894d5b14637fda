import type { ModelDeployment, ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Pod, ReplicaSet, Stored } from "../../../operator/kube/kinds.ts";
import { revisionHash } from "../../../operator/model-deployment/plan/revisions.ts";
import type { World } from "../world/world.ts";

/** Longest staleness of an operator's view plus the delay of a request: older specs are no longer acted on. */
const windowMs = 100_000;

export type StoredDeployment = ModelDeployment & Stored;
export type StoredSet = ReplicaSet & Stored;
export type StoredPod = Pod & Stored;

/** The specs of a ModelDeployment within the staleness window. */
export interface DesiredState {
  readonly replicas: readonly number[];
  readonly hashes: readonly string[];
  readonly specs: readonly ModelDeploymentSpec[];
}

/** The actual state of the cluster, and its state within the staleness window. */
export interface GroundTruth {
  /** UIDs of all ModelDeployments that ever existed. */
  readonly owners: ReadonlySet<string>;
  deployment(uid: string): StoredDeployment | undefined;
  setOf(uid: string, hash: string): StoredSet | undefined;
  setsOf(uid: string): readonly StoredSet[];
  readyPods(set: StoredSet): number;
  /** Names of its pods that are not terminating. */
  livePods(set: StoredSet): readonly string[];
  /**
   * Whether a revision had this many ready pods within the window, even if its ReplicaSet is deleted. After lost events the
   * pods need not have been ready at the same time: deleted pods may still be in the operator's cache.
   */
  wasReady(uid: string, hash: string, count: number): boolean;
  isReadyGateway(name: string): boolean;
  desired(uid: string): DesiredState;
  observeDeployment(deployment: StoredDeployment, isGone: boolean): void;
  observePod(pod: StoredPod): void;
}

interface DesiredSpec {
  readonly uid: string;
  readonly hash: string;
  readonly replicas: number;
  readonly spec: ModelDeploymentSpec;
  untilMs: number;
}

/** Creates the ground truth from the current state of the store. */
export function createGroundTruth(world: World): GroundTruth {
  const truth = emptyGroundTruth(world);
  const { store } = world.server;
  const objects = (collection: string): readonly unknown[] =>
    store
      .collection(collection)
      .records("default")
      .map(({ object }) => object);
  for (const one of objects("modeldeployments.modelwright.dev") as StoredDeployment[])
    truth.observeDeployment(one, false); // what the collection holds
  for (const one of objects("pods.") as StoredPod[]) truth.observePod(one); // likewise
  return truth;
}

function emptyGroundTruth({ server: { store }, clock, ledger }: World): GroundTruth {
  const desired: DesiredSpec[] = [];
  const owners = new Set<string>();
  /** UID of a ReplicaSet → UID of its ModelDeployment and revision hash. */
  const revisionOf = new Map<string, string>();
  /** Revision → number of pods → time until which so many were ready. */
  const readyUntil = new Map<string, Map<number, number>>();
  /** Revision → UID of a pod → time until which it was ready. */
  const podsUntil = new Map<string, Map<string, number>>();
  const objects = (collection: string): readonly unknown[] =>
    store
      .collection(collection)
      .records("default")
      .map(({ object }) => object);
  const sets = (): readonly StoredSet[] => objects("replicasets.apps") as StoredSet[]; // what the collection holds
  const pods = (): readonly StoredPod[] => objects("pods.") as StoredPod[]; // what the collection holds
  const isRecent = (untilMs: number): boolean => untilMs >= clock.monotonic() - windowMs;
  const readyPods = ({ metadata: { uid } }: StoredSet): number =>
    pods().filter((pod) => controllerOf(pod) === uid && isReady(pod)).length;
  return {
    owners,
    deployment: (uid) =>
      (objects("modeldeployments.modelwright.dev") as StoredDeployment[]).find(({ metadata }) => metadata.uid === uid), // what the collection holds
    setOf: (uid, hash) => sets().find((set) => set.metadata.name.endsWith(`-${hash}`) && controllerOf(set) === uid),
    setsOf: (uid) => sets().filter((set) => controllerOf(set) === uid),
    readyPods,
    livePods: ({ metadata: { uid } }) =>
      pods()
        .filter((pod) => controllerOf(pod) === uid && pod.metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name),
    wasReady(uid, hash, count) {
      const revision = `${uid} ${hash}`;
      if (isRecent(readyUntil.get(revision)?.get(count) ?? -Infinity)) return true;
      return (
        ledger.hits.drop !== undefined &&
        [...(podsUntil.get(revision)?.values() ?? [])].filter(isRecent).length >= count
      );
    },
    isReadyGateway(name) {
      const pod: unknown = store.collection("pods.").record("modelwright-system", name)?.object;
      return pod !== undefined && isReady(pod as StoredPod); // what the collection holds
    },
    desired(uid) {
      const recent = desired.filter((entry) => entry.uid === uid && isRecent(entry.untilMs));
      return {
        replicas: recent.map(({ replicas }) => replicas),
        hashes: recent.map(({ hash }) => hash),
        specs: recent.map(({ spec }) => spec),
      };
    },
    observeDeployment({ metadata: { uid }, spec }, isGone) {
      owners.add(uid);
      const last = desired.findLast((entry) => entry.uid === uid);
      // Most writes change only the status.
      if (!isGone && last?.untilMs === Infinity && last.spec === spec) return;
      for (const entry of desired) if (entry.uid === uid) entry.untilMs = Math.min(entry.untilMs, clock.monotonic());
      const replicas = spec.suspend === true ? 0 : (spec.replicas ?? 1);
      if (!isGone) desired.push({ uid, hash: revisionHash(spec), replicas, spec, untilMs: Infinity });
    },
    observePod(pod) {
      const owner = controllerOf(pod);
      const set = sets().find(({ metadata }) => metadata.uid === owner);
      if (set !== undefined) revisionOf.set(owner, `${controllerOf(set)} ${hashOf(set)}`);
      const revision = revisionOf.get(owner);
      if (revision === undefined) return;
      const until = podsUntil.get(revision) ?? new Map<string, number>();
      podsUntil.set(revision, until);
      if (isReady(pod)) until.set(pod.metadata.uid, Infinity);
      else if (until.get(pod.metadata.uid) === Infinity) until.set(pod.metadata.uid, clock.monotonic());
      const counts = readyUntil.get(revision) ?? new Map<number, number>();
      readyUntil.set(revision, counts);
      const ready = pods().filter((one) => isReady(one) && revisionOf.get(controllerOf(one)) === revision).length;
      for (let count = 1; count <= ready; count += 1) counts.set(count, Infinity);
      for (const [count, untilMs] of counts) {
        if (count > ready) counts.set(count, Math.min(untilMs, clock.monotonic()));
      }
    },
  };
}

export function hashOf({ metadata: { name } }: StoredSet): string {
  return name.slice(name.lastIndexOf("-") + 1);
}

export function controllerOf({ metadata }: Pick<StoredPod, "metadata">): string {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid ?? "";
}

function isReady({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status: state }) => type === "Ready" && state === "True") === true
  );
}
