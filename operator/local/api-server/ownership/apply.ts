import type { SchemaNode } from "../schema/schema-node.ts";
import { applyConflict, type ApiError, type Cause } from "../values/api-error.ts";
import { equalJson, type JsonObject } from "../values/json.ts";
import {
  difference,
  emptySet,
  intersection,
  isEmpty,
  outside,
  placesOf,
  printedPlace,
  union,
  type FieldSet,
} from "./field-set.ts";
import { identityOf, type FieldOwner, type FieldOwners } from "./field-owners.ts";
import { mergedObject, withoutPlaces } from "./merged-value.ts";
import { ownedFields, withNamedFields } from "./owned-fields.ts";
import { managerFrom, touch, unownedFields, yielded, type Touched, type Writer } from "./updated-managers.ts";

/** A server-side apply of `configuration` onto `live`, neither with `metadata.managedFields`. */
export interface Application {
  readonly live: JsonObject;
  readonly configuration: JsonObject;
  readonly node: SchemaNode;
  readonly managers: FieldOwners;
  readonly writer: Writer;
  readonly force: boolean;
  /** Fields whose conflicts count as won: those that kubectl's client-side apply owned before. */
  readonly waived?: FieldSet;
}

/** What server-side apply makes of an object, and who owns which of its fields afterwards. */
export interface Applied {
  readonly object: JsonObject;
  readonly managers: FieldOwners;
}

/** Port of the updater of sigs.k8s.io/structured-merge-diff (merge/update.go). Throws 409 when others own a field. */
export function apply(application: Application): Applied {
  const { live, configuration, node, managers, writer } = application;
  const identity = { ...writer, operation: "Apply" as const };
  const self = identityOf(identity);
  const last = managers.get(self);
  const claimed = outside(ownedFields(configuration, node), writer.ignored);
  const claims: FieldOwners = new Map(managers).set(self, managerFrom(identity, claimed));
  const merged = mergedObject(live, configuration, node);
  // What is applied again can't be pruned: only a manager that gives something up makes the walk necessary.
  const givesUp = last !== undefined && !isEmpty(difference(last.fields, claimed));
  const object = givesUp ? pruned(merged, last.fields, claims, node) : merged;
  const write = touch({ before: live, after: object, node, managers: claims, self, ignored: writer.ignored });
  refuseConflicts(write.touched, claims, application);
  const result = yielded(claims, write, self);
  const isNoop = equalJson(live, object);
  const fields = difference(claimed, unownedFields);
  if (isEmpty(fields)) result.delete(self);
  else result.set(self, managerFrom({ ...identity, time: isNoop ? (last?.time ?? "") : writer.time }, fields));
  return { object: isNoop ? live : object, managers: result };
}

// Takes away what this manager applied last time, doesn't apply now and nobody else owns.
function pruned(merged: JsonObject, last: FieldSet, claims: FieldOwners, node: SchemaNode): JsonObject {
  const named = (set: FieldSet): FieldSet => withNamedFields(set, node);
  const lastNamed = named(last);
  let all = emptySet;
  for (const manager of claims.values()) all = union(all, manager.fields);
  const mergedFields = named(ownedFields(merged, node));
  const stripped = withoutPlaces(merged, lastNamed, node);
  const kept = union(named(ownedFields(stripped, node)), named(all));
  const withOwned = withoutPlaces(merged, difference(mergedFields, kept), node);
  const gone = difference(mergedFields, named(ownedFields(withOwned, node)));
  return withoutPlaces(merged, intersection(gone, lastNamed), node);
}

function refuseConflicts(touched: Touched, managers: FieldOwners, { force, waived }: Application): void {
  if (force) return;
  const conflicts = [...touched].flatMap(([id, fields]) => {
    const manager = managers.get(id);
    return manager === undefined ? [] : placesOf(fields).map((place) => ({ manager, place }));
  });
  const remaining = conflicts.filter(({ place }) => waived === undefined || !isIn(waived, place));
  if (remaining.length > 0) throw conflictError(remaining);
}

function isIn(set: FieldSet, place: readonly string[]): boolean {
  let current: FieldSet | undefined = set;
  for (const element of place) current = current?.children.get(element);
  return current?.self === true;
}

interface Conflict {
  readonly manager: FieldOwner;
  readonly place: readonly string[];
}

function conflictError(conflicts: readonly Conflict[]): ApiError {
  const causes: readonly Cause[] = conflicts.map(({ manager, place }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${printedManager(manager)}`,
    field: printedPlace(place),
  }));
  return applyConflict(causes, conflictMessage(conflicts));
}

// Texts of k8s.io/apimachinery/pkg/util/managedfields/internal/conflict.go.
function conflictMessage(conflicts: readonly Conflict[]): string {
  const [only] = conflicts;
  if (conflicts.length === 1 && only !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${printedManager(only.manager)}: ${printedPlace(only.place)}`;
  }
  const byManager = new Map<FieldOwner, string[]>();
  for (const { manager, place } of conflicts) {
    const lines = byManager.get(manager) ?? [`conflicts with ${printedManager(manager)}:`];
    lines.push(`- ${printedPlace(place)}`);
    byManager.set(manager, lines);
  }
  const paragraphs = [...byManager]
    .sort(([left], [right]) => (identityOf(left) < identityOf(right) ? -1 : 1))
    .flatMap(([, lines]) => lines);
  return `Apply failed with ${conflicts.length} conflicts: ${paragraphs.join("\n")}`;
}

function printedManager({ name, operation, apiVersion, subresource }: FieldOwner): string {
  const quoted = JSON.stringify(name);
  const through = subresource === "" ? quoted : `${quoted} with subresource ${JSON.stringify(subresource)}`;
  return operation === "Update" ? `${through} using ${apiVersion}` : through;
}
