import type { Change } from "../../../operator/local/api-server/store/record.ts";
import { statusShares } from "../../../operator/model-deployment/plan/traffic.ts";
import { annotations } from "../../../operator/model-deployment/resources/labels.ts";
import { deploymentKey } from "../../../operator/model-deployment/resources/names.ts";
import type { Gateway } from "../world/gateways.ts";
import type { World } from "../world/world.ts";
import { leastPods, mostPods } from "./allowances.ts";
import { createSwings } from "./swings.ts";
import { statusPromises } from "./promises.ts";
import {
  controllerOf,
  createTruth,
  hashOf,
  type StoredDeployment,
  type StoredPod,
  type StoredSet,
  type Truth,
} from "./truth.ts";

/** Watches every write to the server and notes what no operator may do at any moment, whatever goes wrong. */
export interface Watchman {
  readonly violations: readonly string[];
  /** Which revision got which number of a version so far. */
  readonly versions: () => ReadonlyMap<string, string>;
  readonly stop: () => void;
}

/** A write of an operator, as rules look at it. */
export interface Write<T> {
  readonly truth: Truth;
  readonly gateways: readonly Gateway[];
  /** UIDs of objects of which an event was lost. */
  readonly unseen: ReadonlySet<string>;
  /** Nobody but one operator says how many pods there are to be. */
  readonly isUndisputed: boolean;
  /** The operator gave it up long ago, and the server carries it out all the same. */
  readonly isLate: boolean;
  /** Another operator wrote a moment ago: two that both lead disagree. */
  readonly isRivalled: boolean;
  readonly now: T;
  /** Undefined: it was created. */
  readonly before: T | undefined;
}

/** Undefined: all is well. */
export type Rule<T> = (write: Write<T>) => string | undefined;

const deploymentRules: readonly Rule<StoredDeployment>[] = [
  specIsTheUsers,
  weightsAddUp,
  candidateIsReady,
  ...statusPromises,
];
const setRules: readonly Rule<StoredSet>[] = [isWanted, isNotAboveSurge, isRoomFor, keepsItsPromise, isDrained];

/** @param given numbers of versions that were given before */
export function startWatchman(world: World, given: ReadonlyMap<string, string> = new Map()): Watchman {
  const { server, clock, ledger, gateways } = world;
  const truth = createTruth(world);
  const violations: string[] = [];
  const versions = new Map(given);
  const swings = createSwings();
  const scalers = new Set<string>();
  const complain = (what: string | undefined): void => {
    if (what !== undefined) violations.push(`at ${Math.round(clock.monotonic())} ms ${ledger.actor ?? ""} ${what}`);
  };
  const judge = <T>(rules: readonly Rule<T>[], now: T, before: T | undefined): void => {
    if (ledger.actor === undefined) return;
    const { isLate, unseen } = ledger;
    const by = { isUndisputed: isUndisputed(world), isLate, unseen, isRivalled: isRivalled(world) };
    for (const rule of rules) complain(rule({ truth, gateways: gateways.all, ...by, now, before }));
  };
  const sawSet = (set: StoredSet, before: StoredSet | undefined, isGone: boolean): void => {
    if (ledger.actor === undefined) return;
    if (isGone) return complain(isUnused(set, truth));
    judge(setRules, set, before);
    const isScaled = before !== undefined && before.spec.replicas !== set.spec.replicas;
    if (isScaled && !ledger.isLate) {
      // Who begins to lead judges by a view of its own.
      scalers.add(ledger.actor);
      complain(swings.scaled(set, clock.monotonic(), scalers.size + disturbances(world)));
    }
    if (truth.deployment(controllerOf(set)) !== undefined) complain(isNumberedOnce(set, versions));
  };
  for (const { object } of server.store.collection("replicasets.apps").records("default")) {
    isNumberedOnce(object as unknown as StoredSet, versions); // the collection holds them
  }
  const stop = server.store.subscribe((change) => {
    const { collection, record, before, type } = change;
    const isGone = type === "DELETED";
    const [object, previous]: readonly unknown[] = [record.object, before?.object];
    if (collection === "pods.") return truth.sawPod(object as StoredPod); // what the collection holds
    if (collection === "modeldeployments.modelwright.dev") {
      truth.sawDeployment(object as StoredDeployment, isGone); // what the collection holds
      if (record.object.metadata.generation !== before?.object.metadata.generation) swings.asked();
      return judge(deploymentRules, object as StoredDeployment, previous as StoredDeployment | undefined); // likewise
    }
    if (ledger.actor !== undefined && collection !== "leases.coordination.k8s.io") complain(isOurs(change, truth));
    if (collection === "replicasets.apps") sawSet(object as StoredSet, previous as StoredSet | undefined, isGone); // likewise
  });
  return { violations, versions: () => new Map(versions), stop };
}

function specIsTheUsers({ now, before }: Write<StoredDeployment>): string | undefined {
  const isSame = before?.spec === now.spec || JSON.stringify(before?.spec) === JSON.stringify(now.spec);
  return isSame ? undefined : "changed a spec";
}

function weightsAddUp({ now }: Write<StoredDeployment>): string | undefined {
  const sum = statusShares(now.status ?? {}).reduce((total, { weight }) => total + weight, 0);
  return sum === 0 || sum === 100 ? undefined : `wrote weights that add up to ${sum}`;
}

/** Where something serves already, requests go to a candidate only when it can carry them. */
function candidateIsReady({ truth, now, before }: Write<StoredDeployment>): string | undefined {
  const { stable, candidate } = now.status ?? {};
  if (stable === undefined || candidate === undefined) return undefined;
  const { revision, weight = 0 } = candidate;
  if (weight <= candidateWeight(before, revision)) return undefined;
  const { uid } = now.metadata;
  const need = Math.min(1, Math.min(...truth.wishes(uid).replicas)) * leastPods(truth.wishes(uid), now.status, weight);
  if (need === 0 || truth.wasReady(uid, revision, need)) return undefined;
  return `gave ${weight} % to ${revision}, which was not ready`;
}

function candidateWeight(deployment: StoredDeployment | undefined, revision: string): number {
  const candidate = deployment?.status?.candidate;
  return candidate?.revision === revision ? (candidate.weight ?? 0) : 0;
}

function isOurs({ collection, record, before }: Change, { owners }: Truth): string | undefined {
  const references = JSON.stringify((before ?? record).object.metadata["ownerReferences"] ?? []);
  if ([...owners].some((uid) => references.includes(`"${uid}"`))) return undefined;
  return `touched ${collection} ${record.object.metadata.name}, which is not ours`;
}

function isWanted({ truth, now, before }: Write<StoredSet>): string | undefined {
  if (before !== undefined || truth.wishes(controllerOf(now)).hashes.includes(hashOf(now))) return undefined;
  return `made ReplicaSet ${now.metadata.name} that nobody wants`;
}

/** Each of the revisions that serve has at most the pods that were asked for. */
function isNotAboveSurge({ truth, now, before }: Write<StoredSet>): string | undefined {
  // A user may have scaled it; what else is written then is no scaling.
  if (before?.spec.replicas === now.spec.replicas) return undefined;
  const uid = controllerOf(now);
  const most = Math.max(...truth.wishes(uid).replicas);
  const isServing = weightOf(now, truth) !== undefined;
  return isServing && (now.spec.replicas ?? 1) > most ? `scaled ${now.metadata.name} above ${most}` : undefined;
}

/** While a revision replaces another there are no more pods of both together than the spec allows, those left out of which nobody knows. */
function isRoomFor({ truth, unseen, isUndisputed, now, before }: Write<StoredSet>): string | undefined {
  const uid = controllerOf(now);
  const { spec, status } = truth.deployment(uid) ?? {};
  const declared = now.spec.replicas ?? 1;
  if (spec === undefined || status?.stable === undefined || declared <= (before?.spec.replicas ?? 0)) return undefined;
  const seen = truth.setsOf(uid).filter((set) => set === now || !unseen.has(set.metadata.uid));
  const all = seen.reduce((sum, set) => sum + (set.spec.replicas ?? 1), 0);
  const most = mostPods(truth.wishes(uid));
  return isUndisputed && all > most
    ? `scaled ${now.metadata.name} so that there are ${all} pods, not ${most}`
    : undefined;
}

/** No operator leaves a revision fewer pods than its requests need; two that both lead do so for a moment. */
function keepsItsPromise({ truth, gateways, isLate, isRivalled, now, before }: Write<StoredSet>): string | undefined {
  if (isLate || isRivalled) return undefined;
  const uid = controllerOf(now);
  const status = truth.deployment(uid)?.status;
  const weight = Math.max(weightOf(now, truth) ?? 0, ...weightsInForce({ truth, gateways, now }));
  const wishes = truth.wishes(uid);
  const left = now.spec.replicas ?? 1;
  if (weightOf(now, truth) === undefined || weight === 0 || !isScaledDown(now, before)) return undefined;
  if (wishes.replicas.includes(left) || left >= leastPods(wishes, status, weight)) return undefined;
  return `scaled ${now.metadata.name} with ${weight} % of the requests to ${left}`;
}

/** Ready pods of a revision that is neither stable nor candidate stop only when no gateway sends requests there, or as many stay as those need. */
function isDrained({ truth, gateways, now, before }: Write<StoredSet>): string | undefined {
  const deployment = truth.deployment(controllerOf(now));
  const isLeaving = deployment !== undefined && weightOf(now, truth) === undefined && isScaledDown(now, before);
  if (!isLeaving || truth.readyPods(now) === 0) return undefined;
  const weight = Math.max(0, ...weightsInForce({ truth, gateways, now }));
  const left = now.spec.replicas ?? 1;
  // One that is wanted again has the pods of its first step, maybe before status says that it is the candidate.
  if (left > 0 && left >= leastPods(truth.wishes(controllerOf(now)), deployment.status, weight)) return undefined;
  const sending = gateways
    .filter((gateway) => truth.isReadyGateway(gateway.name) && weightIn(gateway, deployment, hashOf(now)) > 0)
    .map((gateway) => gateway.name);
  return sending.length === 0 ? undefined : `stopped ready pods of ${hashOf(now)} to which ${sending.join(", ")} sends`;
}

/** What ready gateways send there. */
function weightsInForce({ truth, gateways, now }: Pick<Write<StoredSet>, "truth" | "gateways" | "now">) {
  const deployment = truth.deployment(controllerOf(now));
  if (deployment === undefined) return [];
  return gateways
    .filter(({ name }) => truth.isReadyGateway(name))
    .map((gateway) => weightIn(gateway, deployment, hashOf(now)));
}

/** Share of the requests that a gateway sends to a revision that has pods. */
function weightIn({ table }: Gateway, { metadata: { namespace = "", name } }: StoredDeployment, hash: string): number {
  const revisions = table.byKey.get(deploymentKey(namespace, name))?.route.revisions ?? [];
  return revisions.find((one) => one.hash === hash && one.endpoints.length > 0)?.weight ?? 0;
}

/** Neither another operator nor a user says how many pods a revision has, nor a request that nobody knows of any more. */
function isUndisputed({ isContested, ledger: { hits, isLate } }: World): boolean {
  return !isContested && !isLate && hits["edit-replica-set"] === undefined;
}

/** How often a fault has changed how many pods there are or are wanted. */
function disturbances({ ledger: { hits } }: World): number {
  return (hits["kill-pod"] ?? 0) + (hits["edit-replica-set"] ?? 0);
}

const timestampMs = 1_000;

function isRivalled({ clock, ledger: { actor, writers } }: World): boolean {
  const sinceMs = clock.monotonic() - timestampMs;
  for (let index = writers.length - 1; index >= 0; index -= 1) {
    const writer = writers[index];
    if (writer === undefined || writer.atMs < sinceMs) return false;
    if (writer.name !== actor) return true;
  }
  return false;
}

function isUnused(set: StoredSet, truth: Truth): string | undefined {
  const weight = weightOf(set, truth) ?? 0;
  return weight === 0 ? undefined : `deleted ReplicaSet ${set.metadata.name}, which has ${weight} % of the requests`;
}

/** A number never comes back with another revision behind it. */
function isNumberedOnce(set: StoredSet, versions: Map<string, string>): string | undefined {
  const version = set.metadata.annotations?.[annotations.version] ?? "";
  const key = `${controllerOf(set)} ${version}`;
  const known = versions.get(key) ?? hashOf(set);
  versions.set(key, hashOf(set));
  return known === hashOf(set) ? undefined : `gave version ${version} of ${known} to ${hashOf(set)}`;
}

/** By the live status; undefined: neither stable nor candidate. */
function weightOf(set: StoredSet, truth: Truth): number | undefined {
  const shares = statusShares(truth.deployment(controllerOf(set))?.status ?? {});
  return shares.find(({ revision }) => revision === hashOf(set))?.weight;
}

function isScaledDown(now: StoredSet, before: StoredSet | undefined): boolean {
  return before !== undefined && (now.spec.replicas ?? 1) < (before.spec.replicas ?? 1);
}
