import type { ModelDeployment, ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import { Fault } from "../../../runtime/base/fault.ts";
import { type Log, silentLog } from "../../../runtime/base/log.ts";
import { observe } from "../observe.ts";
import type { NamedKey } from "../sources.ts";
import { readyPods, revisionOf, type Settings, type Snapshot } from "../snapshot.ts";
import { reconcile } from "../reconcile.ts";
import { shares } from "../plan/traffic.ts";
import type { KubeObject } from "../../kube/kinds.ts";
import { steadyConduct } from "./conduct.ts";
import { createSimulatedCluster, gatewayPod, gatewayPods, type SimulatedCluster } from "./cluster.ts";
import { type BeforeWrite, createMemoryClient } from "./memory-client.ts";
import { type StandIn, standIns } from "./stand-ins.ts";

/** Something that happens to the cluster before a turn. */
export interface Twist {
  /** Turn before which it happens, from 1. */
  readonly turn: number;
  readonly says: string;
  readonly spec?: (spec: ModelDeploymentSpec) => ModelDeploymentSpec;
  /** Set on the ModelDeployment; undefined takes one away. */
  readonly annotations?: Readonly<Record<string, string | undefined>>;
  /** What else happens. */
  readonly cluster?: (cluster: SimulatedCluster) => void;
}

/** What a story begins with. */
export interface StoryOptions {
  readonly deployment: ModelDeployment;
  readonly settings: Settings;
  readonly startMs: number;
  /** Objects that are there before the story begins: what `kubectl get … -o json` says of a real cluster. */
  readonly existing?: readonly KubeObject[];
  /** Names of the gateways that are there from the start. Default one. */
  readonly gateways?: readonly string[];
  readonly twists?: readonly Twist[];
  /** Everybody else, in their order. Default `standIns`. */
  readonly others?: readonly StandIn[];
  /** Told before each write, numbered over the whole story; what it throws is a crash of the operator. */
  readonly beforeWrite?: BeforeWrite;
  readonly maxTurns?: number;
}

/** What was done in one turn and how things stand after it. */
export interface Turn {
  readonly number: number;
  readonly says: readonly string[];
  readonly actions: readonly string[];
  /** When the reconcile had ended and nobody else had had a turn: its conditions speak of these pods. */
  readonly reconciled: Snapshot;
  /** When everybody else had had a turn as well. */
  readonly snapshot: Snapshot;
}

const turnMs = 1_000;
const quietTurns = 4;
/** Looks at what changes nothing, before a story is over: a pause of an hour in which the candidate is judged every ten seconds. */
const quietLooks = 400;

/**
 * Loops reconcile → everybody else until nothing happens any more; the same for tests and for `modelwright plan`. What
 * takes its time (a pause, a deadline) is waited for as one turn.
 */
export async function story(options: StoryOptions): Promise<readonly Turn[]> {
  const { twists = [], maxTurns = 60 } = options;
  const scene = opening(options);
  const turns: Turn[] = [];
  const lastTwist = Math.max(0, ...twists.map(({ turn }) => turn));
  for (let number = 1; number <= maxTurns; number += 1) {
    const isQuiet = number > lastTwist && isOver(turns);
    const due = twists.filter(({ turn }) => turn === number);
    for (const twist of due) change(scene, twist);
    const made = isQuiet ? await awaited(scene, options, turns.at(-1)) : await played(scene, options);
    if (made === undefined) return turns;
    turns.push({ number, says: due.map(({ says }) => says), ...made });
  }
  return turns;
}

type Played = Pick<Turn, "actions" | "reconciled" | "snapshot">;

/** One reconcile, then everybody else; undefined when the ModelDeployment is gone. */
async function played(scene: Scene, options: StoryOptions): Promise<Played | undefined> {
  const { cluster, key } = scene;
  const actions = await reconciliation(scene, options);
  const reconciled = observe(key, cluster.sources);
  for (const other of options.others ?? standIns) await other(cluster);
  cluster.now += turnMs;
  const snapshot = observe(key, cluster.sources);
  return reconciled === undefined || snapshot === undefined ? undefined : { actions, reconciled, snapshot };
}

/** The next turn in which something happens; undefined when nothing more does. */
async function awaited(scene: Scene, options: StoryOptions, last: Turn | undefined): Promise<Played | undefined> {
  for (let looks = 0; looks < quietLooks && scene.recheckAfterMs !== undefined; looks += 1) {
    scene.cluster.now += scene.recheckAfterMs;
    const made = await played(scene, options);
    if (made === undefined || last === undefined) return made;
    if (made.actions.length > 0 || standing(made) !== standing(last)) return made;
  }
  return undefined;
}

function opening({ deployment, settings, startMs, existing = [], gateways = ["gateway-a"] }: StoryOptions): Scene {
  const cluster = createSimulatedCluster(settings, startMs);
  cluster.conduct = steadyConduct(cluster);
  existing.forEach((object) => cluster.put(object));
  if (gatewayPods(cluster).length === 0)
    gateways.forEach((name, index) => cluster.put(gatewayPod(name, `10.9.0.${index + 1}`)));
  const { namespace = "default", name } = deployment.metadata;
  const key = { namespace, name };
  const before = cluster.sources.deployment(key);
  const generation = (before?.metadata.generation ?? 0) + 1;
  const status = before?.status ?? deployment.status;
  cluster.put({
    ...deployment,
    metadata: { generation, ...deployment.metadata, namespace },
    ...(status === undefined ? {} : { status }),
  });
  return { cluster, key };
}

interface Scene {
  readonly cluster: SimulatedCluster;
  readonly key: NamedKey;
  /** When the last reconcile wanted to look again. */
  recheckAfterMs?: number | undefined;
}

/** Nothing was done and nothing changed for a while. */
function isOver(turns: readonly Turn[]): boolean {
  const last = turns.slice(-quietTurns);
  const first = last[0];
  if (first === undefined || last.length < quietTurns) return false;
  return last.every((turn) => turn.actions.length === 0 && standing(turn) === standing(first));
}

/** The story as people read it. Turns in which nothing happened are left out. */
export function storyText(title: string, turns: readonly Turn[]): string {
  const lines = [`# ${title}`];
  let last = "";
  for (const turn of turns) {
    const text = standing(turn);
    if (turn.says.length === 0 && turn.actions.length === 0 && text === last) continue;
    last = text;
    lines.push("", `turn ${turn.number}`);
    for (const says of turn.says) lines.push(`  * ${says}`);
    for (const action of turn.actions) lines.push(`  - ${action}`);
    lines.push(text);
  }
  return `${lines.join("\n")}\n`;
}

function change({ cluster, key }: Scene, { spec, annotations = {}, cluster: happening }: Twist): void {
  happening?.(cluster);
  const deployment = cluster.sources.deployment(key);
  if (deployment === undefined) return;
  const { generation = 1, annotations: notes = {}, ...metadata } = deployment.metadata;
  const kept = Object.entries({ ...notes, ...annotations }).filter(([, value]) => value !== undefined);
  cluster.put({
    ...deployment,
    spec: spec?.(deployment.spec) ?? deployment.spec,
    metadata: {
      ...metadata,
      generation: spec === undefined ? generation : generation + 1,
      annotations: Object.fromEntries(kept.map(([name, value = ""]) => [name, value])),
    },
  });
}

async function reconciliation(scene: Scene, { beforeWrite }: StoryOptions): Promise<readonly string[]> {
  const { cluster, key } = scene;
  const actions: string[] = [];
  const log: Log = { ...silentLog, info: (_message, fields = {}) => actions.push(actionText(fields)) };
  const client = createMemoryClient(cluster, beforeWrite);
  try {
    const options = { sources: cluster.sources, client, recorder: { publish: () => {} }, log };
    const { failure, recheckAfterMs } = await reconcile(key, options);
    scene.recheckAfterMs = recheckAfterMs;
    if (failure !== undefined) throw failure;
  } catch (thrown) {
    actions.push(`failed: ${Fault.from(thrown).message}`);
  }
  return actions;
}

function actionText(fields: object): string {
  const { kind = "", target = "", why = "" }: { kind?: string; target?: string; why?: string } = fields;
  return `${kind} ${target}: ${why}`;
}

/** Revisions with weights and pods, and the conditions, in a few lines. */
function standing({ reconciled: snapshot }: Pick<Turn, "reconciled">): string {
  const { status, rollout, revisions } = snapshot;
  const named = shares(rollout).map(({ revision, version, weight }) => {
    const role = revision === rollout.stable?.revision ? "stable" : "candidate";
    return `  ${role.padEnd(9)} ${revision} v${version} ${String(weight).padStart(3)} % ${podText(snapshot, revision)}`;
  });
  const known = new Set(shares(rollout).map(({ revision }) => revision));
  const leaving = revisions
    .filter(({ hash }) => !known.has(hash))
    .map(({ hash, version }) => `  leaving   ${hash} v${version}   0 % ${podText(snapshot, hash)}`);
  const conditions = (status.conditions ?? []).map(
    ({ type, status: state, reason, message }) => `  ${type}=${state} ${reason}: ${message}`,
  );
  return [...named, ...leaving, ...conditions].join("\n");
}

function podText(snapshot: Snapshot, hash: string): string {
  const revision = revisionOf(snapshot, hash);
  if (revision === undefined) return "no ReplicaSet";
  const { replicas } = revision.replicaSet;
  const ready = readyPods(revision).length;
  return ready > replicas ? `${ready} ready, scaled to ${replicas}` : `${ready} of ${replicas} ready`;
}
