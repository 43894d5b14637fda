import type { Place } from "../store/owner-index.ts";
import {
  finalizersOf,
  isBeingDeleted,
  ownersOf,
  sealed,
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

/** Finishes a deletion that waits for dependents, or deletes an object whose owners are gone. */
export function collectPlace(context: Context, place: Place): void {
  const object = objectAt(context, place);
  if (object === undefined) return;
  const finalizers = isBeingDeleted(object) ? finalizersOf(object) : [];
  if (finalizers.includes(orphan)) orphanDependents(context, place, object);
  else if (finalizers.includes(foreground)) deleteDependents(context, place, object);
  else if (!isBeingDeleted(object)) deleteUnowned(context, place, object);
}

function objectAt({ store }: Context, { collection, namespace, name }: Place): ApiObject | undefined {
  return store.collection(collection).record(namespace, name)?.object;
}

function orphanDependents(context: Context, place: Place, owner: ApiObject): void {
  for (const dependentPlace of context.store.owners.dependentsOf(owner.metadata.uid)) {
    const dependent = objectAt(context, dependentPlace);
    if (dependent !== undefined) dropOwners(context, dependentPlace, dependent, [owner.metadata.uid]);
  }
  dropFinalizer(context, place, owner, orphan);
}

function deleteDependents(context: Context, place: Place, owner: ApiObject): void {
  const { uid } = owner.metadata;
  let isBlocked = false;
  for (const dependentPlace of context.store.owners.dependentsOf(uid)) {
    const dependent = objectAt(context, dependentPlace);
    if (dependent === undefined) continue;
    if (!isBeingDeleted(dependent)) deleteUnowned(context, dependentPlace, dependent);
    const left = objectAt(context, dependentPlace);
    if (left !== undefined && ownersOf(left).some((one) => one.uid === uid && one.blocksDeletion)) isBlocked = true;
  }
  if (!isBlocked) dropFinalizer(context, place, objectAt(context, place) ?? owner, foreground);
}

// An owner that waits for its dependents counts as gone; one that lives and stays keeps the object.
function deleteUnowned(context: Context, place: Place, object: ApiObject): void {
  const owners = ownersOf(object);
  if (owners.length === 0) return;
  const states = owners.map((owner) => ({ owner, state: stateOf(context, owner) }));
  if (states.some(({ state }) => state === "stays")) {
    const gone = states.filter(({ state }) => state !== "stays").map(({ owner }) => owner.uid);
    if (gone.length > 0) dropOwners(context, place, object, gone);
    return;
  }
  const kind = context.registry.ofCollection(place.collection);
  if (kind === undefined) return;
  const hasDependents = context.store.owners.dependentsOf(object.metadata.uid).length > 0;
  const waits = hasDependents && states.some(({ state }) => state === "waits");
  deleteObject(context, kind, object, plainDeletion(waits ? "Foreground" : "", object.metadata.uid));
}

function stateOf(context: Context, { uid }: Owner): "stays" | "waits" | "gone" {
  const place = context.store.owners.placeOf(uid);
  const owner = place === undefined ? undefined : objectAt(context, place);
  if (owner === undefined) return "gone";
  return isBeingDeleted(owner) && finalizersOf(owner).includes(foreground) ? "waits" : "stays";
}

function dropOwners(context: Context, place: Place, object: ApiObject, uids: readonly string[]): void {
  const left = listOf(object.metadata["ownerReferences"]).filter(
    (reference: Json) => !(isObject(reference) && uids.includes(textOf(reference["uid"]))),
  );
  const metadata = replaced(object.metadata, "ownerReferences", left.length === 0 ? undefined : left);
  context.store.put(context.store.collection(place.collection), withMetadata(object, metadata));
}

function dropFinalizer(context: Context, place: Place, object: ApiObject, finalizer: string): void {
  const left = finalizersOf(object).filter((one) => one !== finalizer);
  const next = withMetadata(object, replaced(object.metadata, "finalizers", left.length === 0 ? undefined : left));
  putOrRemove(context, place, next);
}

/** Stores a version of an object that is being deleted, or removes it when nothing holds it any more. */
function putOrRemove({ store }: Context, { collection }: Place, next: Draft): void {
  const isHeld = finalizersOf(next).length > 0 || (numberOf(next.metadata["deletionGracePeriodSeconds"]) ?? 0) > 0;
  if (isHeld) store.put(store.collection(collection), next);
  else store.remove(store.collection(collection), sealed(next));
}
