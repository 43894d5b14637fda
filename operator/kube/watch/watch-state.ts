import type { StateBuilder, WatchSink } from "../cache.ts";
import type { ObjectList } from "../client.ts";
import { kubeFaults } from "../faults.ts";
import { type EventProjection, upsertedObject } from "../json/event-projection.ts";
import type { KubeObject, Stored } from "../kinds.ts";
import type { WatchEvent } from "../watch-stream.ts";

/** Where a watch stands between two connections. */
export interface WatchState<T extends KubeObject> {
  /** Undefined: the whole state is needed first. */
  resumeFrom: string | undefined;
  /** False once the server has refused `sendInitialEvents`. */
  streamsLists: boolean;
  /** Objects of a streaming list that has not come to its end yet. */
  initial: StateBuilder<T> | undefined;
  /** Newest resourceVersion told to the sink. */
  newest: bigint;
  /** Whole states in a row that were older than `newest`. */
  staleStates: number;
  /** Code of the fault of the last end, or its reason, when that was not in good order. */
  trouble: string | undefined;
}

/** Stale states in a row after which the server's history must have been set back, by a restored backup of etcd. */
const patience = 5;
/** Set on the bookmark that ends the initial events of a streaming list (KEP-3157). */
const initialEventsEnd = "k8s.io/initial-events-end";

/** Who is told, and what is kept of objects. */
interface Told<T extends KubeObject> {
  readonly sink: WatchSink<T>;
  readonly kept: EventProjection;
}

/** Whether the sink, or the state that is gathered for it, took the object of a line by its JSON alone. */
export function isTaken<T extends KubeObject>(line: Buffer, position: WatchState<T>, sink: WatchSink<T>): boolean {
  const json = upsertedObject(line);
  if (json === undefined) return false;
  if (position.initial !== undefined) return position.initial.take?.(json) === true;
  const resourceVersion = sink.take?.(json);
  if (resourceVersion !== undefined) advance(position, resourceVersion);
  return resourceVersion !== undefined;
}

/** Tells an event, or gathers it where the whole state has not come to its end. */
export function accept<T extends KubeObject>(
  { type, object, line }: WatchEvent<T> & { readonly line: unknown },
  position: WatchState<T>,
  sink: WatchSink<T>,
): void {
  const { resourceVersion } = object.metadata;
  if (position.initial === undefined) {
    if (type === "BOOKMARK") sink.bookmark(resourceVersion);
    else if (type === "DELETED") sink.remove(object);
    else sink.upsert(object, jsonOf(line));
    advance(position, resourceVersion);
  } else if (type === "DELETED") {
    position.initial.remove(object);
  } else if (type !== "BOOKMARK") {
    position.initial.add(object, jsonOf(line));
  } else if (object.metadata.annotations?.[initialEventsEnd] === "true") {
    begin(position.initial, position, resourceVersion);
    position.initial = undefined;
  }
}

function jsonOf(line: unknown): Buffer | undefined {
  return Buffer.isBuffer(line) ? upsertedObject(line) : undefined;
}

/** A whole state that is to come. */
export function stateBuilder<T extends KubeObject>({ sink, kept }: Told<T>): StateBuilder<T> {
  if (sink.gather !== undefined) return sink.gather(kept.objects);
  let objects: (T & Stored)[] = [];
  return {
    add: (object) => void objects.push(object),
    remove: ({ metadata }) => void (objects = objects.filter((one) => one.metadata.uid !== metadata.uid)),
    complete: (resourceVersion) => sink.replace(objects, resourceVersion),
  };
}

/** Takes a whole state that came as a list. */
export function beginWith<T extends KubeObject>(
  { items, resourceVersion }: ObjectList<T>,
  position: WatchState<T>,
  told: Told<T>,
): void {
  const state = stateBuilder(told);
  for (const item of items) state.add(told.kept.project(item));
  begin(state, position, resourceVersion);
}

/** Takes a whole state, unless it comes from a server that lags behind what another one has told us already. */
function begin<T extends KubeObject>(state: StateBuilder<T>, position: WatchState<T>, resourceVersion: string): void {
  if (BigInt(resourceVersion) < position.newest && position.staleStates++ < patience) {
    throw kubeFaults.StaleState({ resourceVersion, newest: String(position.newest) });
  }
  position.staleStates = 0;
  position.newest = 0n;
  state.complete(resourceVersion);
  advance(position, resourceVersion);
}

function advance<T extends KubeObject>(position: WatchState<T>, resourceVersion: string): void {
  const version = BigInt(resourceVersion);
  if (version > position.newest) position.newest = version;
  position.resumeFrom = resourceVersion;
}
