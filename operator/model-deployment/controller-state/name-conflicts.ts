import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import type { CacheChange } from "../../kube/cache.ts";
import { declaredModel } from "../resources/names.ts";

/** Tracks which ModelDeployments have models of the same name: on the shared port, clients have to choose between them. */
export interface NameConflicts {
  /** Keys of the others whose models have this name, as stable text; undefined: there are none. */
  others(key: string, model: string): string | undefined;
  /** Records a change of a ModelDeployment; returns the keys of those whose `others` changed with it. */
  record(key: string, change: CacheChange<ModelDeployment>): readonly string[];
}

/** Beyond this none is named: each change would otherwise rewrite the status of all others. */
const mostNamed = 3;

/** Starts without any ModelDeployment. */
export function createNameConflicts(): NameConflicts {
  // Nearly every name has one key only, which needs no set.
  const owners = new Map<string, string | Set<string>>();
  const join = (model: string, key: string): readonly string[] => {
    const found = owners.get(model);
    if (typeof found === "object") {
      const affected = named(found);
      found.add(key);
      return affected;
    }
    owners.set(model, found === undefined ? key : new Set([found, key]));
    return found === undefined ? [] : [found];
  };
  const leave = (model: string, key: string): readonly string[] => {
    const found = owners.get(model);
    if (typeof found !== "object") {
      owners.delete(model);
      return [];
    }
    found.delete(key);
    const [last] = found;
    if (found.size === 1 && last !== undefined) owners.set(model, last);
    return named(found);
  };
  return {
    others(key, model) {
      const found = owners.get(model);
      if (typeof found !== "object") return undefined;
      const keys = named(found).filter((other) => other !== key);
      return keys.length === 0 ? "many others" : keys.toSorted().join(" and ");
    },
    record(key, { type, object, previous }) {
      const before = servedName(type === "removed" ? object : previous);
      const after = type === "removed" ? undefined : servedName(object);
      if (before === after) return [];
      const left = before === undefined ? [] : leave(before, key);
      return after === undefined ? left : [...left, ...join(after, key)];
    },
  };
}

/** The keys that messages name; none when there are too many. */
function named(keys: ReadonlySet<string>): readonly string[] {
  return keys.size > mostNamed + 1 ? [] : [...keys];
}

/** Name under which a ModelDeployment's model is served; undefined while it is being deleted. */
function servedName(deployment: ModelDeployment | undefined): string | undefined {
  if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return undefined;
  return declaredModel(deployment.metadata.name, deployment.spec);
}
