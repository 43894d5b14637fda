import { observedGateways, portProbes } from "../observe.ts";
import {
  deploymentKey,
  endpointSliceName,
  httpRouteName,
  declaredModel,
  podDisruptionBudgetName,
  serviceAccountName,
  serviceName,
} from "../resources/names.ts";
import type { NamedKey, Sources } from "../sources.ts";

/**
 * All that a pass would observe, as it lies in the caches: of objects which they are and which state of them; undefined
 * when it is gone, or when others want its gateway port, too.
 */
export type Sight = readonly unknown[];

/** Which ModelDeployments a pass has found just as they should be, with nothing that time alone would change. */
export interface Rests {
  /** Whether a pass would find exactly what one found at rest, and do nothing. */
  isAt(key: string, sight: Sight | undefined): boolean;
  /** A pass that saw this did nothing, and time alone would not change that. */
  begin(key: string, sight: Sight | undefined): void;
  /** The key is gone. */
  forget(key: string): void;
}

/** Nothing rests yet. */
export function createRests(): Rests {
  const rests = new Map<string, Sight>();
  return {
    isAt(key, sight) {
      const known = rests.get(key);
      if (known === undefined || sight === undefined) return false;
      return known.length === sight.length && known.every((value, index) => value === sight[index]);
    },
    begin(key, sight) {
      if (sight === undefined) rests.delete(key);
      // Copied, as a list that was put together keeps room for more.
      else rests.set(key, sight.slice());
    },
    forget: (key) => void rests.delete(key),
  };
}

/** Reads what `observe` does and makes nothing of it: a resync of thousands costs little where nothing changed. */
export function sightOf(named: NamedKey, sources: Sources): Sight | undefined {
  const deployment = sources.deployment(named);
  if (deployment === undefined) return undefined;
  const { uid } = deployment.metadata;
  const { namespace, name } = named;
  const key = deploymentKey(namespace, name);
  const port = deployment.status?.gateway?.port;
  const [probe, ...others] = portProbes(uid, port, sources);
  if (probe?.port !== port || probe?.takenBy !== undefined || others.length > 0) return undefined;
  const replicaSets = sources.glancesOwnedBy("replicaSets", uid);
  const pods = replicaSets.flatMap((replicaSet) => sources.glancesOwnedBy("pods", replicaSet.uid));
  const glances = [
    deployment.metadata,
    sources.glanceAt("serviceAccounts", { namespace, name: serviceAccountName(name) }),
    sources.glanceAt("services", { namespace, name: serviceName(name) }),
    sources.glanceAt("endpointSlices", { namespace, name: endpointSliceName(name, "IPv4") }),
    sources.glanceAt("endpointSlices", { namespace, name: endpointSliceName(name, "IPv6") }),
    sources.glanceAt("podDisruptionBudgets", { namespace, name: podDisruptionBudgetName(name) }),
    sources.glanceAt("httpRoutes", { namespace, name: httpRouteName(name) }),
    ...sources.glancesOwnedBy("services", uid),
    ...replicaSets,
    ...pods,
  ];
  return [
    ...glances.flatMap((glance) => [glance?.uid, glance?.resourceVersion]),
    sources.scaling(key),
    sources.lackingField(),
    sources.namesakes(key, declaredModel(name, deployment.spec)),
    ...pods.flatMap((pod) => [sources.warning(pod.uid), sources.facts(pod.uid)]),
    ...observedGateways(sources, key).flatMap(({ pod, address, acknowledged }) => [pod, address, acknowledged]),
  ];
}
