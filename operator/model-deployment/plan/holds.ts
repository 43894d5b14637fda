import {
  livePods,
  type ObservedPod,
  type ObservedRevision,
  readyPods,
  revisionOf,
  type RolloutState,
  type Snapshot,
} from "../snapshot.ts";
import type { Hold } from "./action.ts";
import { loadingContainer, probeComplaint } from "./diagnosis.ts";
import type { Turn } from "./rollout/moves.ts";
import { laggingGateways, shares } from "./traffic.ts";

/** What a hold is judged by. */
interface Held {
  readonly snapshot: Snapshot;
  /** The rollout after this plan. */
  readonly next: RolloutState;
  /** What its step waits for. */
  readonly step: Hold | undefined;
  /** What revisions on their way out wait for. */
  readonly draining: readonly string[];
  /** The revision that is to serve in the end, or the stable one where that has failed; and the pods that it needs now. */
  readonly hash: string;
  readonly wanted: ObservedRevision | undefined;
  readonly needed: number;
  readonly roomIsMade: boolean;
}

type Check = (held: Held) => Hold | undefined;

/** The first that applies is the reason that is shown. */
const checks: readonly Check[] = [
  waitingForCapacity, // nothing below can happen before a pod has a node
  makingRoom,
  downloading,
  loading,
  podsMissing,
  gatewayMissing,
  pausedOrAnalyzing, // what a gateway has to say does not end that: a restarted operator knows none of it at first
  notAcknowledged,
  stepHeld,
  draining, // last: it no longer concerns what serves
];

/** Why the plan goes no further for now; undefined when everything is as declared. */
export function hold(
  snapshot: Snapshot,
  { state, counts, waits, makesRoom: roomIsMade = false }: Omit<Turn, "moves">,
  draining: readonly string[],
): Hold | undefined {
  const { replicas } = snapshot.wanted;
  const { revision: hash = snapshot.wanted.hash } = state.candidate ?? state.stable ?? {};
  const needed = (state.candidate === undefined ? counts?.stable : counts?.candidate) ?? replicas;
  const wanted = revisionOf(snapshot, hash);
  const held = { snapshot, next: state, step: waits, draining, hash, wanted, needed, roomIsMade };
  return checks.map((check) => check(held)).find((found) => found !== undefined);
}

function waitingForCapacity({ wanted }: Held): Hold | undefined {
  const pod = starting(wanted).find(({ unschedulable }) => unschedulable !== undefined);
  if (pod?.unschedulable === undefined) return undefined;
  return { reason: "WaitingForCapacity", why: `pod ${pod.name} waits for a node: ${pod.unschedulable.message}` };
}

/** A quota is in the way of pods, and others are to make room for them. */
function makingRoom({ wanted, roomIsMade }: Held): Hold | undefined {
  const failure = wanted?.replicaSet.failure;
  if (!roomIsMade || failure === undefined) return undefined;
  return { reason: "WaitingForCapacity", why: `a pod waits for others to make room: ${failure}` };
}

function downloading({ wanted }: Held): Hold | undefined {
  const pod = starting(wanted).find(({ containers }) => containers.some(({ init, running }) => init && running));
  return pod === undefined ? undefined : { reason: "Downloading", why: `pod ${pod.name} fetches the model` };
}

function loading({ wanted }: Held): Hold | undefined {
  const pod = starting(wanted).find((one) => loadingContainer(one) !== undefined);
  if (pod === undefined) return undefined;
  const complaint = probeComplaint(pod);
  return {
    reason: "Loading",
    why: `pod ${pod.name} loads the model${complaint === undefined ? "" : `; ${complaint}`}`,
  };
}

function podsMissing({ snapshot, next, wanted, hash, needed }: Held): Hold | undefined {
  if (snapshot.wanted.replicas === 0) return leaving(snapshot, next);
  const ready = readyPods(wanted).length;
  if (ready === needed) return undefined;
  return {
    reason: "Scaling",
    why: `${ready} of ${needed} ${needed === 1 ? "pod" : "pods"} of revision ${hash} ready`,
  };
}

function leaving(snapshot: Snapshot, next: RolloutState): Hold | undefined {
  const pods = shares(next).flatMap(({ revision }) => livePods(revisionOf(snapshot, revision)));
  if (pods.length === 0) return undefined;
  return { reason: "Scaling", why: `${pods.length} ${pods.length === 1 ? "pod stops" : "pods stop"}` };
}

function gatewayMissing({ snapshot, next }: Held): Hold | undefined {
  if (next.candidate === undefined || snapshot.wanted.replicas === 0 || snapshot.gateways.length > 0) return undefined;
  return { reason: "RolloutInProgress", why: "no gateway is ready that could send requests to it" };
}

function pausedOrAnalyzing({ step }: Held): Hold | undefined {
  return step?.reason === "StepPaused" || step?.reason === "Analyzing" ? step : undefined;
}

function notAcknowledged({ snapshot, next }: Held): Hold | undefined {
  if (next.candidate === undefined || snapshot.wanted.replicas === 0) return undefined;
  const lagging = laggingGateways(snapshot, next);
  if (lagging.length === 0) return undefined;
  return { reason: "RolloutInProgress", why: `${lagging.join(", ")} must confirm the split of requests first` };
}

function stepHeld({ step }: Held): Hold | undefined {
  return step;
}

function draining({ draining }: Held): Hold | undefined {
  const [why] = draining;
  return why === undefined ? undefined : { reason: "RolloutInProgress", why };
}

function starting(revision: ObservedRevision | undefined): readonly ObservedPod[] {
  return revision?.pods.filter((pod) => !pod.ready && !pod.terminating) ?? [];
}
