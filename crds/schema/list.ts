import { Type, type TArray, type TSchema } from "typebox";

interface ListOptions {
  readonly description: string;
  /** Most entries; also bounds the CEL cost of rules on the entries. */
  readonly maxItems: number;
  readonly minItems?: number;
}

/** A list whose entries are identified by the named fields, so that several owners can apply their own entries. */
export function listMap<Item extends TSchema>(item: Item, keys: readonly string[], options: ListOptions): TArray<Item> {
  return Type.Array(item, { ...options, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys });
}

/** A list of scalars without duplicates. */
export function listSet<Item extends TSchema>(item: Item, options: ListOptions): TArray<Item> {
  return Type.Array(item, { ...options, "x-kubernetes-list-type": "set" });
}

/** A list with one owner, replaced as a whole. */
export function listAtomic<Item extends TSchema>(item: Item, options: ListOptions): TArray<Item> {
  return Type.Array(item, { ...options, "x-kubernetes-list-type": "atomic" });
}
