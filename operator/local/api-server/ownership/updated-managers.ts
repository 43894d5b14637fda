import type { SchemaNode } from "../schema/schema-node.ts";
import type { JsonObject } from "../values/json.ts";
import { comparison } from "./comparison.ts";
import { difference, emptySet, intersection, isEmpty, outside, setOf, union, type FieldSet } from "./field-set.ts";
import { identityOf, type FieldOwner, type FieldOwners } from "./field-owners.ts";

/** Who writes, through which part of the object, and when. */
export interface Writer {
  readonly name: string;
  readonly apiVersion: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** RFC 3339 in seconds. */
  readonly time: string;
  /** Fields that this way of writing never changes: `status` of the object itself, `spec` of the status subresource. */
  readonly ignored: FieldSet;
}

/** Fields that nobody owns. */
export const unownedFields = setOf(
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ["metadata", "name"],
  ["metadata", "namespace"],
  ["metadata", "creationTimestamp"],
  ["metadata", "selfLink"],
  ["metadata", "uid"],
  ["metadata", "clusterName"],
  ["metadata", "generation"],
  ["metadata", "managedFields"],
  ["metadata", "resourceVersion"],
);

/** Owners whose fields a write touches, with those fields. */
export type Touched = ReadonlyMap<string, FieldSet>;

/** A write seen from the owners: which fields it gives other values, which it takes away. */
export interface Touch {
  readonly touched: Touched;
  readonly removed: FieldSet;
  readonly changed: FieldSet;
}

/** A change of an object, and who is to feel it. */
export interface ObservedChange {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly node: SchemaNode;
  readonly managers: FieldOwners;
  /** Identity of the writer, whose own fields are not at stake; empty when it has none yet. */
  readonly self: string;
  readonly ignored: FieldSet;
}

/** What a change does to the fields of all managers but the one that makes it. */
export function touch({ before, after, node, managers, self, ignored }: ObservedChange): Touch {
  const compared = comparison(before, after, node);
  const removed = outside(compared.removed, ignored);
  const changed = outside(union(compared.modified, compared.added), ignored);
  const touched = new Map<string, FieldSet>();
  for (const [id, manager] of managers) {
    if (id === self) continue;
    const conflicts = intersection(manager.fields, changed);
    if (!isEmpty(conflicts)) touched.set(id, conflicts);
  }
  return { touched, removed, changed };
}

/** The managers after the others have lost what was touched or removed. */
export function yielded(managers: FieldOwners, { touched, removed }: Touch, self: string): Map<string, FieldOwner> {
  const result = new Map<string, FieldOwner>();
  for (const [id, manager] of managers) {
    const fields =
      id === self ? manager.fields : difference(difference(manager.fields, touched.get(id) ?? emptySet), removed);
    if (!isEmpty(fields)) result.set(id, fields === manager.fields ? manager : { ...manager, fields });
  }
  return result;
}

/** The managers after a create, replace or patch: the writer owns every field that it changed. */
export function updatedManagers(
  before: JsonObject,
  after: JsonObject,
  node: SchemaNode,
  { managers, writer }: { readonly managers: FieldOwners; readonly writer: Writer },
): FieldOwners {
  const write = touch({ before, after, node, managers, self: "", ignored: writer.ignored });
  if (isEmpty(write.changed) && isEmpty(write.removed)) return managers;
  const result = yielded(managers, write, "");
  const won = difference(write.changed, unownedFields);
  if (isEmpty(won)) return result;
  const self = { ...writer, operation: "Update" as const, fields: won };
  const id = identityOf(self);
  const mine = result.get(id)?.fields ?? emptySet;
  result.set(id, managerFrom(self, union(won, mine)));
  return capped(result);
}

/** A manager like this one that owns other fields. */
export const managerFrom = (
  { name, operation, apiVersion, subresource, time }: Omit<FieldOwner, "fields">,
  fields: FieldSet,
): FieldOwner => ({ name, operation, apiVersion, subresource, time, fields });

/** Limit of Kubernetes on entries with operation Update; older ones are folded into "ancient-changes". */
const mostUpdaters = 10;

function capped(managers: ReadonlyMap<string, FieldOwner>): FieldOwners {
  const updaters = [...managers.entries()].filter(([, manager]) => manager.operation === "Update");
  if (updaters.length <= mostUpdaters) return managers;
  const oldest = updaters
    .sort(([leftId, left], [rightId, right]) => order(left.time, right.time) || order(leftId, rightId))
    .slice(0, updaters.length - mostUpdaters + 1);
  const result = new Map(managers);
  for (const [id, manager] of oldest) {
    result.delete(id);
    const bucket = { ...manager, name: "ancient-changes", subresource: "" };
    const bucketId = identityOf(bucket);
    result.set(bucketId, { ...bucket, fields: union(manager.fields, result.get(bucketId)?.fields ?? emptySet) });
  }
  return result;
}

function order(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
