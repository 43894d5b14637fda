import type { ApiObject } from "../../../operator/local/api-server/values/api-object.ts";
import type { Route } from "../../../runtime/contract/route-table.ts";
import type { World } from "./world.ts";

/** A saved cluster: its objects, the gateways' routes and facts about the past. A new world can be restored from it. */
export interface SavedState {
  readonly objects: readonly { readonly collection: string; readonly object: ApiObject }[];
  /** Routes of each gateway. */
  readonly routes: readonly (readonly Route[])[];
  /** The revisions that got a version number, by UID and version, even if their ReplicaSet is deleted. */
  readonly versions: ReadonlyMap<string, string>;
  /** Time since the start of the saved world. */
  readonly elapsedMs: number;
}

/** First number of UIDs and pods in a restored world; larger than any number in the saved one. */
export const firstNewNumber = 1_000;

/** Collections that are kept between worlds. */
export const persistentCollections: ReadonlySet<string> = new Set([
  "customresourcedefinitions.apiextensions.k8s.io",
  "namespaces.",
]);

/** Saves the state without leases: their holders don't exist in a restored world. */
export function savedState(
  { server: { store }, gateways }: World,
  past: Pick<SavedState, "versions" | "elapsedMs">,
): SavedState {
  const records = store
    .collections()
    .filter(({ key }) => !persistentCollections.has(key) && key !== "leases.coordination.k8s.io")
    .flatMap((collection) => collection.records("").map((record) => ({ ...record, collection: collection.key })));
  return {
    objects: records.sort((one, other) => one.revision - other.revision),
    routes: gateways.all.map(({ table }) => [...table.byKey.values()].map(({ route }) => route)),
    ...past,
  };
}
