import type { ApiObject } from "../../../operator/local/api-server/values/api-object.ts";
import type { Route } from "../../../runtime/contract/route-table.ts";
import type { World } from "./world.ts";

/** A cluster: what is in its store, what its gateways serve, and what is told of the past. Another world can begin where this one was. */
export interface SavedState {
  readonly objects: readonly { readonly collection: string; readonly object: ApiObject }[];
  /** Of each gateway. */
  readonly routes: readonly (readonly Route[])[];
  /** Which revision got which number of a version, its ReplicaSet being there or gone. */
  readonly versions: ReadonlyMap<string, string>;
  /** Time since the beginning of its world. */
  readonly elapsedMs: number;
}

/** More than any world makes of a kind: names and numbers of the next world begin here. */
export const madeBefore = 1_000;

/** Collections of a server that outlive a world. */
export const kept: ReadonlySet<string> = new Set(["customresourcedefinitions.apiextensions.k8s.io", "namespaces."]);

/** The state without leases: their holders are gone when another world begins. */
export function savedState(
  { server: { store }, gateways }: World,
  past: Pick<SavedState, "versions" | "elapsedMs">,
): SavedState {
  const records = store
    .collections()
    .filter(({ key }) => !kept.has(key) && key !== "leases.coordination.k8s.io")
    .flatMap((collection) => collection.records("").map((record) => ({ ...record, collection: collection.key })));
  return {
    objects: records.sort((one, other) => one.revision - other.revision),
    routes: gateways.all.map(({ table }) => [...table.byKey.values()].map(({ route }) => route)),
    ...past,
  };
}
