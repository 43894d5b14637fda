import type { ModelDeployment, ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import { Fault } from "../../../runtime/base/fault.ts";
import { type Log, silentLog } from "../../../runtime/base/log.ts";
import { type NamedKey, observe } from "../observe.ts";
import { readyPods, revisionOf, type Settings, type Snapshot } from "../snapshot.ts";
import { reconcile } from "../reconcile.ts";
import { shares } from "../plan/traffic.ts";
import type { KubeObject } from "../../kube/kinds.ts";
import { createSimulatedCluster, gatewayPod, gatewayPods, type SimulatedCluster } from "./cluster.ts";
import { type BeforeWrite, createMemoryClient } from "./memory-client.ts";
import { type StandIn, standIns } from "./stand-ins.ts";

/** Something that happens to the cluster before a turn. */
export interface Twist {
  /** Turn before which it happens, from 1. */
  readonly turn: number;
  readonly says: string;
  readonly spec: (spec: ModelDeploymentSpec) => ModelDeploymentSpec;
}

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
  readonly snapshot: Snapshot;
}

const turnMs = 1_000;
const quietTurns = 4;

/** Loops reconcile → everybody else until nothing happens any more; the same for tests and for `modelwright plan`. */
export async function story(options: StoryOptions): Promise<readonly Turn[]> {
  const { twists = [], others = standIns, maxTurns = 60 } = options;
  const { cluster, key } = opening(options);
  const turns: Turn[] = [];
  const lastTwist = Math.max(0, ...twists.map(({ turn }) => turn));
  for (let number = 1; number <= maxTurns && !(number > lastTwist && isOver(turns)); number += 1) {
    const due = twists.filter(({ turn }) => turn === number);
    for (const twist of due) change(cluster, key, twist);
    const actions = await reconciled(cluster, key, options);
    for (const other of others) await other(cluster);
    cluster.now += turnMs;
    const snapshot = observe(key, cluster.sources);
    if (snapshot === undefined) return turns;
    turns.push({ number, says: due.map(({ says }) => says), actions, snapshot });
  }
  return turns;
}

function opening({ deployment, settings, startMs, existing = [], gateways = ["gateway-a"] }: StoryOptions): Scene {
  const cluster = createSimulatedCluster(settings, startMs);
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

function change(cluster: SimulatedCluster, key: NamedKey, twist: Twist): void {
  const deployment = cluster.sources.deployment(key);
  if (deployment === undefined) return;
  const generation = (deployment.metadata.generation ?? 1) + 1;
  cluster.put({ ...deployment, spec: twist.spec(deployment.spec), metadata: { ...deployment.metadata, generation } });
}

async function reconciled(cluster: SimulatedCluster, key: NamedKey, options: StoryOptions): Promise<readonly string[]> {
  const actions: string[] = [];
  const log: Log = { ...silentLog, info: (_message, fields = {}) => actions.push(actionText(fields)) };
  const client = createMemoryClient(cluster, options.beforeWrite);
  try {
    const options = { sources: cluster.sources, client, recorder: { publish: () => {} }, log };
    const { failure } = await reconcile(key, options);
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
function standing({ snapshot }: Pick<Turn, "snapshot">): string {
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
  return `${readyPods(revision).length} of ${revision.replicaSet.replicas} ready`;
}
