import type { ServedKind } from "../kinds/served-kind.ts";
import { emptySet, equalSets, setOf, type FieldSet } from "../ownership/field-set.ts";
import { managedFieldsOf, managersOf, type FieldOwner, type FieldOwners } from "../ownership/field-owners.ts";
import { updatedManagers, type Writer } from "../ownership/updated-managers.ts";
import type { WriteOptions } from "../requests/write-options.ts";
import { zeroValue } from "../schema/defaulted.ts";
import { draftOf, type ApiObject, type Draft } from "../values/api-object.ts";
import { isList, isObject, listOf, objectOf, replaced, without, type JsonObject } from "../values/json.ts";
import { rememberedOfFew } from "../values/remembered.ts";
import { timestamp, type Context } from "../verbs/context.ts";

/** What an object without content looks like to the ownership rules: structs that are always printed are always there. */
export const emptyObject = rememberedOfFew((kind: ServedKind): JsonObject => ({
  ...(kind.custom ? {} : zeroValue(kind.schema)),
  ...Object.fromEntries(kind.printedLists.map((key) => [key, null])),
  kind: kind.kind,
  apiVersion: kind.apiVersion,
}));

const statusField = setOf(["status"]);

/** Who writes now, through the object itself or a subresource. */
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
export const unmanaged = (draft: Draft): Draft =>
  "managedFields" in draft.metadata ? { ...draft, metadata: without(draft.metadata, "managedFields") } : draft;

/** The draft with these owners of its fields in `metadata.managedFields`. */
export function withManagers(draft: Draft, managers: FieldOwners): Draft {
  return { ...draft, metadata: replaced(draft.metadata, "managedFields", managedFieldsOf(managers)) };
}

/** The managers that a replace or patch starts from: those it brings along, else those of the live object. */
export function startingManagers(sent: Draft, live: Draft | undefined): FieldOwners {
  const list = sent.metadata["managedFields"];
  const isReset =
    isList(list) &&
    (list.length === 0 || (list.length === 1 && isObject(list[0]) && Object.keys(list[0]).length === 0));
  if (isReset) return new Map();
  const brought = managersOf(sent.metadata);
  if (brought.size > 0) return brought;
  return live === undefined ? brought : managersOf(live.metadata);
}

/** The managers after a write that isn't an apply. */
export function managersAfter(
  kind: ServedKind,
  before: Draft | undefined,
  after: Draft,
  by: { readonly managers: FieldOwners; readonly writer: Writer },
): FieldOwners {
  // An object whose owners are not tracked stays so until somebody applies it.
  if (before !== undefined && by.managers.size === 0) return by.managers;
  const live = before === undefined ? emptyDraft(kind) : unmanaged(before);
  return updatedManagers(live, unmanaged(after), kind.schema, by);
}

const emptyDraft = rememberedOfFew((kind: ServedKind): Draft => draftOf(emptyObject(kind)));

/** True when the object is managed like that already, times aside. */
export function sameOwnership(managers: FieldOwners, existing: ApiObject): boolean {
  const before = managersOf(existing.metadata);
  // Of written managers with one identity only one is read: writing again makes a difference.
  if (before.size !== managers.size || listOf(existing.metadata["managedFields"]).length !== managers.size)
    return false;
  return managers === before || [...managers].every(([id, manager]) => isSame(manager, before.get(id)));
}

const isSame = (manager: FieldOwner, other: FieldOwner | undefined): boolean =>
  other !== undefined && manager.apiVersion === other.apiVersion && equalSets(manager.fields, other.fields);

/** The owners that `metadata.managedFields` of a draft tells; none where it is missing or not readable. */
export const managersIn = (draft: Draft): FieldOwners => managersOf(objectOf(draft.metadata));
