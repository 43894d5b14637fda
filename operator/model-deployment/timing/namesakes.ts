import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import type { CacheChange } from "../../kube/cache.ts";
import { declaredModel } from "../resources/names.ts";

/** Which ModelDeployments have models of the same name: on the port that all share, clients have to choose one. */
export interface Namesakes {
  /** Whose models are called like this one's, in words that stay while that is so; undefined: nobody's. */
  others(key: string, model: string): string | undefined;
  /** Takes note of a change of the ModelDeployment with this key; returns those of whom `others` is another now. */
  note(key: string, change: CacheChange<ModelDeployment>): readonly string[];
}

/** With more of them none is named: whoever comes or goes would have all the others written once more. */
const mostNamed = 3;

/** Nothing is known yet. */
export function createNamesakes(): Namesakes {
  // Nearly every name has one key, for which no set is made.
  const owners = new Map<string, string | Set<string>>();
  const join = (model: string, key: string): readonly string[] => {
    const found = owners.get(model);
    if (typeof found === "object") {
      const present = named(found);
      found.add(key);
      return present;
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
    note(key, { type, object, previous }) {
      const before = calledModel(type === "removed" ? object : previous);
      const after = type === "removed" ? undefined : calledModel(object);
      if (before === after) return [];
      const left = before === undefined ? [] : leave(before, key);
      return after === undefined ? left : [...left, ...join(after, key)];
    },
  };
}

/** None when they are too many. */
function named(keys: ReadonlySet<string>): readonly string[] {
  return keys.size > mostNamed + 1 ? [] : [...keys];
}

/** What is being deleted gets no requests. */
function calledModel(deployment: ModelDeployment | undefined): string | undefined {
  if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return undefined;
  return declaredModel(deployment.metadata.name, deployment.spec);
}
