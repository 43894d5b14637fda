import type { ServedKind } from "../kinds/served-kind.ts";
import { emptySet, equalSets, setOf, type FieldSet } from "../ownership/field-set.ts";
import { managedFieldsOf, managersOf, type FieldOwner, type FieldOwners } from "../ownership/field-owners.ts";
import { updatedManagers, type Writer } from "../ownership/updated-managers.ts";
import type { WriteOptions } from "../requests/write-options.ts";
import { zeroValue } from "../schema/defaulted.ts";
import { draftOf, type ApiObject, type Draft } from "../values/api-object.ts";
import { isList, isObject, listOf, objectOf, replaced, without, type JsonObject } from "../values/json.ts";
import { memoizedWeakly } from "../values/memoized.ts";
import { timestamp, type Context } from "../verbs/context.ts";

/** The empty object against which a create is compared: it has the fields that Go always prints, so nobody owns those. */
export const emptyObject = memoizedWeakly((kind: ServedKind): JsonObject => ({
  ...(kind.custom ? {} : zeroValue(kind.schema)),
  ...Object.fromEntries(kind.printedLists.map((key) => [key, null])),
  kind: kind.kind,
  apiVersion: kind.apiVersion,
}));

const statusField = setOf(["status"]);

/** The writer of a request on the object itself or on a subresource. */
export function writerOf(context: Context, kind: ServedKind, options: WriteOptions, subresource: string): Writer {
  return {
    name: options.manager,
    apiVersion: kind.apiVersion,
    subresource,
    time: timestamp(context.clock),
    ignored: ignoredFields(kind, subresource),
  };
}

function ignoredFields(kind: ServedKind, subresource: string): FieldSet {
  if (subresource === "status") return kind.ignoredOnStatus;
  return kind.hasStatus && subresource === "" && !kind.keepsStatusOnCreate ? statusField : emptySet;
}

/** The object without `managedFields`. */
export const withoutManagedFields = (draft: Draft): Draft =>
  "managedFields" in draft.metadata ? { ...draft, metadata: without(draft.metadata, "managedFields") } : draft;

/** The draft with `metadata.managedFields` of these managers. */
export function withManagers(draft: Draft, managers: FieldOwners): Draft {
  return { ...draft, metadata: replaced(draft.metadata, "managedFields", managedFieldsOf(managers)) };
}

/** The managers before an update: those that the request sends, else those of the live object. An empty list resets them. */
export function initialManagers(sent: Draft, live: Draft | undefined): FieldOwners {
  const list = sent.metadata["managedFields"];
  const isReset =
    isList(list) &&
    (list.length === 0 || (list.length === 1 && isObject(list[0]) && Object.keys(list[0]).length === 0));
  if (isReset) return new Map();
  const managers = managersOf(sent.metadata);
  if (managers.size > 0) return managers;
  return live === undefined ? managers : managersOf(live.metadata);
}

/** The managers after a create, update or patch other than apply. */
export function managersAfter(
  kind: ServedKind,
  before: Draft | undefined,
  after: Draft,
  by: { readonly managers: FieldOwners; readonly writer: Writer },
): FieldOwners {
  // An object without managedFields stays without them until it is applied.
  if (before !== undefined && by.managers.size === 0) return by.managers;
  const live = before === undefined ? emptyDraft(kind) : withoutManagedFields(before);
  return updatedManagers(live, withoutManagedFields(after), kind.schema, by);
}

const emptyDraft = memoizedWeakly((kind: ServedKind): Draft => draftOf(emptyObject(kind)));

/** Whether an object has these managers already, ignoring their times. */
export function hasSameManagers(managers: FieldOwners, existing: ApiObject): boolean {
  const before = managersOf(existing.metadata);
  // Entries with the same identity collapse when they are parsed, so rewriting them changes the object.
  if (before.size !== managers.size || listOf(existing.metadata["managedFields"]).length !== managers.size)
    return false;
  return managers === before || [...managers].every(([id, manager]) => isSame(manager, before.get(id)));
}

const isSame = (manager: FieldOwner, other: FieldOwner | undefined): boolean =>
  other !== undefined && manager.apiVersion === other.apiVersion && equalSets(manager.fields, other.fields);

/** The managers in `metadata.managedFields` of a draft; none when it is missing or malformed. */
export const managersIn = (draft: Draft): FieldOwners => managersOf(objectOf(draft.metadata));
