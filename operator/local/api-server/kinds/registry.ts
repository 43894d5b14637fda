import type { Store } from "../store/store.ts";
import type { ApiObject } from "../values/api-object.ts";
import { builtinKinds } from "./builtin-kinds.ts";
import { customKinds } from "./custom-kind.ts";
import { collectionKey, type ServedKind } from "./served-kind.ts";

/** What the server serves right now: built-in kinds and those of the CustomResourceDefinitions in the store. */
export interface Registry {
  /** Whether anything of a group and version is served. */
  serves(group: string, version: string): boolean;
  find(group: string, version: string, plural: string): ServedKind | undefined;
  /** In the order of discovery. */
  kinds(): readonly ServedKind[];
  /** The kind whose objects lie in a collection; the first version where there are several. */
  ofCollection(key: string): ServedKind | undefined;
  /** Grows with every change of what is served. */
  version(): number;
}

const definitionsCollection = collectionKey("apiextensions.k8s.io", "customresourcedefinitions");

/**
 * The kinds that are served: the built-in ones, and those of CustomResourceDefinitions as they come and go in the
 * store.
 */
export function createRegistry(store: Store, rules: Parameters<typeof customKinds>[1]): Registry {
  const builtin = builtinKinds();
  const custom = new Map<string, readonly ServedKind[]>();
  let all = builtin;
  let byPath = indexed(all);
  let version = 0;

  const refresh = (definition: ApiObject, isGone: boolean): void => {
    if (isGone) custom.delete(definition.metadata.name);
    else custom.set(definition.metadata.name, customKinds(definition, rules));
    all = [...builtin, ...[...custom.values()].flat()];
    byPath = indexed(all);
    version += 1;
  };

  store.collection(definitionsCollection).subscribe(({ type, record, before }) => {
    if (type !== "DELETED" && before?.object["spec"] === record.object["spec"]) return;
    refresh(record.object, type === "DELETED");
  });

  return {
    serves: (group, version) => all.some((kind) => kind.group === group && kind.version === version),
    find: (group, version, plural) => byPath.get(`${group}/${version}/${plural}`),
    kinds: () => all,
    ofCollection: (key) => all.find(({ collection }) => collection === key),
    version: () => version,
  };
}

const indexed = (kinds: readonly ServedKind[]): ReadonlyMap<string, ServedKind> =>
  new Map(kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]));
