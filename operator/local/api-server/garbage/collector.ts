import type { Change } from "../store/record.ts";
import type { Place } from "../store/owner-index.ts";
import { isBeingDeleted, namespaceOf, nameOf, ownersOf, type ApiObject } from "../values/api-object.ts";
import type { Context } from "../verbs/context.ts";
import { collectPlace } from "./dependents.ts";
import { emptyNamespace } from "./namespaces.ts";

/** What a real cluster's garbage collector and namespace controller do, one object at a time. */
export interface GarbageCollector {
  /** Looks after one object; false when nothing is left to look after. */
  step(): boolean;
  /** Steps until nothing is left. */
  settle(): void;
  readonly stop: () => void;
}

/** @param mode `automatic` runs by the clock soon after each change, `stepwise` only when told */
export function createGarbageCollector(context: Context, mode: "automatic" | "stepwise"): GarbageCollector {
  const { store, clock } = context;
  const queue = new Map<string, Place>();
  let cancelTimer: (() => void) | undefined;

  const step = (): boolean => {
    const [first] = queue;
    if (first === undefined) return false;
    queue.delete(first[0]);
    if (first[1].collection === "namespaces.") emptyNamespace(context, first[1].name);
    collectPlace(context, first[1]);
    return true;
  };

  const settle = (): void => {
    while (step());
  };

  const enqueue = (place: Place): void => {
    queue.set(`${place.collection}/${place.namespace}/${place.name}`, place);
    if (mode === "stepwise" || cancelTimer !== undefined) return;
    cancelTimer = clock.after(0, () => {
      cancelTimer = undefined;
      settle();
    });
  };

  const unsubscribe = store.subscribe((change) => {
    for (const place of concerned(context, change)) enqueue(place);
  });

  return {
    step,
    settle,
    stop: () => {
      unsubscribe();
      cancelTimer?.();
    },
  };
}

/** Objects that a change may have made garbage, or that wait for it. */
function concerned({ store }: Context, { type, record, collection }: Change): readonly Place[] {
  const { object } = record;
  const self = placeOf(collection, object);
  const owners = ownersOf(object);
  const waiting = isBeingDeleted(object) ? [self] : [];
  if (type !== "DELETED") {
    const isOrphan = owners.some(({ uid }) => store.owners.placeOf(uid) === undefined);
    return isOrphan ? [...waiting, self] : waiting;
  }
  const ownerPlaces = owners.map(({ uid }) => store.owners.placeOf(uid)).filter((place) => place !== undefined);
  const home = namespaceOf(object);
  const namespace = home === "" ? [] : [{ collection: "namespaces.", namespace: "", name: home }];
  const isHomeEnding = home !== "" && isTerminating(store.collection("namespaces.").record("", home)?.object);
  return [...store.owners.dependentsOf(object.metadata.uid), ...ownerPlaces, ...(isHomeEnding ? namespace : [])];
}

const isTerminating = (namespace: ApiObject | undefined): boolean =>
  namespace !== undefined && isBeingDeleted(namespace);

const placeOf = (collection: string, object: ApiObject): Place => ({
  collection,
  namespace: namespaceOf(object),
  name: nameOf(object),
});
