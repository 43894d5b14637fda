import type { ModelDeployment, ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Pod, ReplicaSet, Stored } from "../../../operator/kube/kinds.ts";
import { revisionHash } from "../../../operator/model-deployment/plan/revisions.ts";
import type { World } from "../world/world.ts";

/** How old a view may get by all that may befall a watch, and a request on its way: what was wanted then may still be carried out. */
const windowMs = 100_000;

export type StoredDeployment = ModelDeployment & Stored;
export type StoredSet = ReplicaSet & Stored;
export type StoredPod = Pod & Stored;

/** What users wanted of a ModelDeployment of late. */
export interface Wishes {
  readonly replicas: readonly number[];
  readonly hashes: readonly string[];
  readonly specs: readonly ModelDeploymentSpec[];
}

/** The cluster as it really is, and what it was of late. */
export interface Truth {
  /** UIDs of all ModelDeployments that ever were. */
  readonly owners: ReadonlySet<string>;
  deployment(uid: string): StoredDeployment | undefined;
  setOf(uid: string, hash: string): StoredSet | undefined;
  setsOf(uid: string): readonly StoredSet[];
  readyPods(set: StoredSet): number;
  /**
   * Whether a revision had this many ready pods of late, its ReplicaSet being there or gone; where events were lost, one after
   * the other: pods that are gone may still be in view beside those that came later.
   */
  wasReady(uid: string, hash: string, count: number): boolean;
  isReadyGateway(name: string): boolean;
  wishes(uid: string): Wishes;
  sawDeployment(deployment: StoredDeployment, isGone: boolean): void;
  sawPod(pod: StoredPod): void;
}

interface Wish {
  readonly uid: string;
  readonly hash: string;
  readonly replicas: number;
  readonly spec: ModelDeploymentSpec;
  untilMs: number;
}

/** Begins with what is there already. */
export function createTruth(world: World): Truth {
  const truth = emptyTruth(world);
  const { store } = world.server;
  const objects = (collection: string): readonly unknown[] =>
    store
      .collection(collection)
      .records("default")
      .map(({ object }) => object);
  for (const one of objects("modeldeployments.modelwright.dev") as StoredDeployment[]) truth.sawDeployment(one, false); // what the collection holds
  for (const one of objects("pods.") as StoredPod[]) truth.sawPod(one); // likewise
  return truth;
}

function emptyTruth({ server: { store }, clock, ledger }: World): Truth {
  const wishes: Wish[] = [];
  const owners = new Set<string>();
  /** By UID of a ReplicaSet whose it is: of the ModelDeployment, and the hash. */
  const revisionOf = new Map<string, string>();
  /** By revision and number of pods until when so many were ready. */
  const readyUntil = new Map<string, Map<number, number>>();
  /** By revision and UID of a pod until when it was ready. */
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
    wishes(uid) {
      const recent = wishes.filter((wish) => wish.uid === uid && isRecent(wish.untilMs));
      return {
        replicas: recent.map(({ replicas }) => replicas),
        hashes: recent.map(({ hash }) => hash),
        specs: recent.map(({ spec }) => spec),
      };
    },
    sawDeployment({ metadata: { uid }, spec }, isGone) {
      owners.add(uid);
      const last = wishes.findLast((wish) => wish.uid === uid);
      // Most writes are of status.
      if (!isGone && last?.untilMs === Infinity && last.spec === spec) return;
      for (const wish of wishes) if (wish.uid === uid) wish.untilMs = Math.min(wish.untilMs, clock.monotonic());
      const replicas = spec.suspend === true ? 0 : (spec.replicas ?? 1);
      if (!isGone) wishes.push({ uid, hash: revisionHash(spec), replicas, spec, untilMs: Infinity });
    },
    sawPod(pod) {
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
