import type { ObjectIdentity } from "../../kube/store/packed.ts";
import { observedGateways, portProbes } from "../observe.ts";
import {
  endpointSliceName,
  httpRouteName,
  declaredModel,
  podDisruptionBudgetName,
  serviceAccountName,
  serviceName,
} from "../resources/names.ts";
import { namedKey, type NamedKey, type NamedKind, type Sources } from "../sources.ts";

/** All that a pass would observe, as it lies in the caches. */
export interface Sight extends Self {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Of objects which state it is. What is not there leaves no gap, for no value could be taken for another one's. */
  readonly values: readonly unknown[];
}

/** What of a ModelDeployment tells where else to look. */
interface Self {
  readonly uid: string;
  readonly port: number | undefined;
  /** As its spec declares it. */
  readonly model: string;
}

/** Which ModelDeployments a pass has found just as they should be, with nothing that time alone would change. */
export interface Rests {
  /** Whether a pass would find exactly what one found at rest, and do nothing. */
  isAt(key: string, sources: Sources): boolean;
  /** A pass that saw this did nothing, and time alone would not change that. */
  begin(key: string, sight: Sight | undefined): void;
  /** The key is gone. */
  forget(key: string): void;
}

/** Nothing rests yet. */
export function createRests(): Rests {
  const rests = new Map<string, Sight>();
  return {
    isAt(key, sources) {
      const known = rests.get(key);
      if (known === undefined) return false;
      const live = sources.identityAt("deployments", namedKey(key));
      if (live?.uid !== known.uid || live.resourceVersion !== known.resourceVersion) return false;
      const { values } = known;
      let index = 0;
      const isAsKnown = (value: unknown): boolean => value === undefined || value === values[index++];
      return looksAt(key, known, sources, isAsKnown) && index === values.length;
    },
    begin(key, sight) {
      if (sight === undefined) rests.delete(key);
      else rests.set(key, sight);
    },
    forget: (key) => void rests.delete(key),
  };
}

/** Undefined when it is gone, or when others want its gateway port, too. */
export function sightOf(key: string, sources: Sources): Sight | undefined {
  const named = namedKey(key);
  const deployment = sources.deployment(named);
  if (deployment === undefined) return undefined;
  const { metadata, spec, status } = deployment;
  const { uid, resourceVersion } = metadata;
  const port = status?.gateway?.port;
  const model = declaredModel(named.name, spec);
  const values: unknown[] = [];
  const isNoted = (value: unknown): boolean => value === undefined || values.push(value) > 0;
  if (!looksAt(key, { uid, port, model }, sources, isNoted)) return undefined;
  // Written out and copied: an object that was added to, and a list that was put together, keep room for more.
  return { uid, port, model, resourceVersion, values: values.slice() };
}

/**
 * Reads what `observe` does, but for the ModelDeployment itself, and makes nothing of it: a resync of thousands costs little where
 * nothing changed. Each value is shown to `isSeen` until that is false; false then, or when others want its gateway port, too.
 */
function looksAt(key: string, self: Self, sources: Sources, isSeen: (value: unknown) => boolean): boolean {
  const { uid, port, model } = self;
  const [probe, ...others] = portProbes(uid, port, sources);
  if (probe?.port !== port || probe?.takenBy !== undefined || others.length > 0) return false;
  // Of one kind no two objects, nor two states of one, ever have the same.
  const isGlanced = (glance: ObjectIdentity | undefined): boolean => isSeen(glance?.resourceVersion);
  const isPodSeen = (pod: ObjectIdentity): boolean =>
    isGlanced(pod) && isSeen(sources.warning(pod.uid)) && isSeen(sources.facts(pod.uid));
  const isRevisionSeen = (replicaSet: ObjectIdentity): boolean =>
    isGlanced(replicaSet) && sources.identitiesOwnedBy("pods", replicaSet.uid).every(isPodSeen);
  const { ready, unready } = observedGateways(sources, key);
  return (
    childrenOf(namedKey(key)).every(([kind, child]) => isGlanced(sources.identityAt(kind, child))) &&
    sources.identitiesOwnedBy("services", uid).every(isGlanced) &&
    sources.identitiesOwnedBy("replicaSets", uid).every(isRevisionSeen) &&
    isSeen(sources.scaling(key)) &&
    isSeen(sources.lackingField()) &&
    isSeen(sources.namesakes(key, model)) &&
    [...ready, ...unready].every(
      ({ pod, address, acknowledged }) => isSeen(pod) && isSeen(address) && isSeen(acknowledged),
    )
  );
}

function childrenOf({ namespace, name }: NamedKey): readonly (readonly [NamedKind, NamedKey])[] {
  return [
    ["serviceAccounts", { namespace, name: serviceAccountName(name) }],
    ["services", { namespace, name: serviceName(name) }],
    ["endpointSlices", { namespace, name: endpointSliceName(name, "IPv4") }],
    ["endpointSlices", { namespace, name: endpointSliceName(name, "IPv6") }],
    ["podDisruptionBudgets", { namespace, name: podDisruptionBudgetName(name) }],
    ["httpRoutes", { namespace, name: httpRouteName(name) }],
  ];
}
