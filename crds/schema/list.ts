import { Type, type TArray, type TSchema } from "typebox";

interface ListOptions {
  readonly description: string;
  /** Upper bound of entries; it also bounds what rules on the entries may cost. */
  readonly maxItems: number;
  readonly minItems?: number;
}

/** A list whose entries are told apart by the named fields, so that several owners can apply entries of their own. */
export function listMap<Item extends TSchema>(item: Item, keys: readonly string[], options: ListOptions): TArray<Item> {
  return Type.Array(item, { ...options, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys });
}

/** A list of scalars without duplicates. */
export function listSet<Item extends TSchema>(item: Item, options: ListOptions): TArray<Item> {
  return Type.Array(item, { ...options, "x-kubernetes-list-type": "set" });
}

/** A list that has one owner and is replaced as a whole. */
export function listAtomic<Item extends TSchema>(item: Item, options: ListOptions): TArray<Item> {
  return Type.Array(item, { ...options, "x-kubernetes-list-type": "atomic" });
}
