import type { ObjectKey } from "../store/owner-index.ts";
import {
  finalizersOf,
  isBeingDeleted,
  ownersOf,
  apiObject,
  withMetadata,
  type ApiObject,
  type Draft,
  type Owner,
} from "../values/api-object.ts";
import { isObject, listOf, numberOf, replaced, textOf, type Json } from "../values/json.ts";
import type { Context } from "../verbs/context.ts";
import { deleteObject, plainDeletion } from "../verbs/delete.ts";

const foreground = "foregroundDeletion";
const orphan = "orphan";

/** Continues the foreground or orphan deletion of an object, or deletes it when its owners are gone. */
export function collectObject(context: Context, key: ObjectKey): void {
  const object = objectAt(context, key);
  if (object === undefined) return;
  const finalizers = isBeingDeleted(object) ? finalizersOf(object) : [];
  if (finalizers.includes(orphan)) orphanDependents(context, key, object);
  else if (finalizers.includes(foreground)) deleteDependents(context, key, object);
  else if (!isBeingDeleted(object)) deleteUnowned(context, key, object);
}

function objectAt({ store }: Context, { collection, namespace, name }: ObjectKey): ApiObject | undefined {
  return store.collection(collection).record(namespace, name)?.object;
}

function orphanDependents(context: Context, key: ObjectKey, owner: ApiObject): void {
  for (const dependentKey of context.store.owners.dependentsOf(owner.metadata.uid)) {
    const dependent = objectAt(context, dependentKey);
    if (dependent !== undefined) dropOwners(context, dependentKey, dependent, [owner.metadata.uid]);
  }
  dropFinalizer(context, key, owner, orphan);
}

function deleteDependents(context: Context, key: ObjectKey, owner: ApiObject): void {
  const { uid } = owner.metadata;
  let isBlocked = false;
  for (const dependentKey of context.store.owners.dependentsOf(uid)) {
    const dependent = objectAt(context, dependentKey);
    if (dependent === undefined) continue;
    if (!isBeingDeleted(dependent)) deleteUnowned(context, dependentKey, dependent);
    const left = objectAt(context, dependentKey);
    if (left !== undefined && ownersOf(left).some((one) => one.uid === uid && one.blocksDeletion)) isBlocked = true;
  }
  if (!isBlocked) dropFinalizer(context, key, objectAt(context, key) ?? owner, foreground);
}

// An owner in foreground deletion counts as gone; any other living owner keeps the object.
function deleteUnowned(context: Context, key: ObjectKey, object: ApiObject): void {
  const owners = ownersOf(object);
  if (owners.length === 0) return;
  const states = owners.map((owner) => ({ owner, state: stateOf(context, owner) }));
  if (states.some(({ state }) => state === "stays")) {
    const gone = states.filter(({ state }) => state !== "stays").map(({ owner }) => owner.uid);
    if (gone.length > 0) dropOwners(context, key, object, gone);
    return;
  }
  const kind = context.registry.ofCollection(key.collection);
  if (kind === undefined) return;
  const hasDependents = context.store.owners.dependentsOf(object.metadata.uid).length > 0;
  const waits = hasDependents && states.some(({ state }) => state === "waits");
  deleteObject(context, kind, object, plainDeletion(waits ? "Foreground" : "", object.metadata.uid));
}

function stateOf(context: Context, { uid }: Owner): "stays" | "waits" | "gone" {
  const key = context.store.owners.keyOf(uid);
  const owner = key === undefined ? undefined : objectAt(context, key);
  if (owner === undefined) return "gone";
  return isBeingDeleted(owner) && finalizersOf(owner).includes(foreground) ? "waits" : "stays";
}

function dropOwners(context: Context, key: ObjectKey, object: ApiObject, uids: readonly string[]): void {
  const left = listOf(object.metadata["ownerReferences"]).filter(
    (reference: Json) => !(isObject(reference) && uids.includes(textOf(reference["uid"]))),
  );
  const metadata = replaced(object.metadata, "ownerReferences", left.length === 0 ? undefined : left);
  context.store.put(context.store.collection(key.collection), withMetadata(object, metadata));
}

function dropFinalizer(context: Context, key: ObjectKey, object: ApiObject, finalizer: string): void {
  const left = finalizersOf(object).filter((one) => one !== finalizer);
  const next = withMetadata(object, replaced(object.metadata, "finalizers", left.length === 0 ? undefined : left));
  putOrRemove(context, key, next);
}

/** Stores an object that is being deleted, or removes it when no finalizer or grace period is left. */
function putOrRemove({ store }: Context, { collection }: ObjectKey, next: Draft): void {
  const isHeld = finalizersOf(next).length > 0 || (numberOf(next.metadata["deletionGracePeriodSeconds"]) ?? 0) > 0;
  if (isHeld) store.put(store.collection(collection), next);
  else store.remove(store.collection(collection), apiObject(next));
}
