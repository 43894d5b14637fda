import type { ServedKind } from "../kinds/served-kind.ts";
import type { StreamResponse } from "../requests/response.ts";
import { createChannel, type Channel, type LineValue } from "../requests/channel.ts";
import { watchOptions, type WatchOptions } from "../requests/list-options.ts";
import { includeOf, presentationOf } from "../requests/media-type.ts";
import { jsonOf, type Change } from "../store/stored-record.ts";
import { partialMetadata, table } from "../tables/table.ts";
import { expired, type ApiError } from "../values/api-error.ts";
import { namespaceOf, type ApiObject } from "../values/api-object.ts";
import type { JsonObject } from "../values/json.ts";
import type { Context, ResourceRequest } from "./context.ts";
import { collectionOf } from "./create.ts";
import { matchingRecords, selection } from "./read.ts";

/** Interval of bookmarks, for watches that request them. */
const bookmarkEveryMs = 60_000;

/** Time between the last bookmark and the end of a watch. */
const lastBookmarkBeforeEndMs = 2000;

/** Minimum time-out of a watch that sets none; the maximum is twice that. */
const minTimeoutSeconds = 1800;

/** GET of a collection with `watch=true`: one line of JSON per event, until the time-out or the client's disconnect. */
export function watch(context: Context, request: ResourceRequest): StreamResponse {
  const { kind, namespace } = request.target;
  const options = watchOptions(request.query);
  const { matches } = selection(request.query, kind);
  const cleanups: (() => void)[] = [];
  const channel = createChannel(() => cleanups.forEach((end) => end()));
  const write = eventWriter(context, request, channel);
  const deliver = (change: Change): void => {
    if (namespace !== "" && namespaceOf(change.record.object) !== namespace) return;
    const event = selectedEvent(change, matches);
    if (event !== undefined) write(event.type, event.object);
  };
  const collection = collectionOf(context, kind);
  const refusal = writeInitialEvents(context, request, options, { write, deliver });
  if (refusal === undefined) {
    if (options.sendsInitialEvents && options.wantsBookmarks) channel.push(bookmark(context, kind, true));
    cleanups.push(collection.subscribe(deliver), ...timers(context, kind, options, channel));
  } else {
    channel.push(`${JSON.stringify({ type: "ERROR", object: refusal.status })}\n`);
    channel.end();
  }
  const headers = { "content-type": "application/json", "cache-control": "no-cache, private" };
  return { status: 200, headers, chunks: channel.chunks, values: channel.values, close: channel.close };
}

type Writer = (type: string, object: ApiObject) => void;

// Sends the current state or the changes since a revision. Returns 410 when the history doesn't reach back that far.
function writeInitialEvents(
  context: Context,
  request: ResourceRequest,
  { revision, sendsInitialEvents }: WatchOptions,
  { write, deliver }: { readonly write: Writer; readonly deliver: (change: Change) => void },
): ApiError | undefined {
  if (sendsInitialEvents || revision === 0) {
    if (!request.query.has("sendInitialEvents") || sendsInitialEvents) {
      for (const { object } of matchingRecords(context, request)) write("ADDED", object);
    }
    return undefined;
  }
  const changes = collectionOf(context, request.target.kind).history.after(revision);
  if (changes === undefined) return expired(`too old resource version: ${revision} (${context.store.revision()})`);
  for (const change of changes) deliver(change);
  return undefined;
}

/** The event of a change for a watch with selectors: an object that starts to match is ADDED, one that stops is DELETED. */
function selectedEvent(
  { type, record, before }: Change,
  matches: (object: JsonObject) => boolean,
): { readonly type: Change["type"]; readonly object: ApiObject } | undefined {
  const { object } = record;
  const was = before !== undefined && matches(before.object);
  if (type === "DELETED") return was || matches(object) ? { type, object } : undefined;
  if (matches(object)) return { type: was ? "MODIFIED" : "ADDED", object };
  if (!was) return undefined;
  const { resourceVersion } = object.metadata;
  return { type: "DELETED", object: { ...before.object, metadata: { ...before.object.metadata, resourceVersion } } };
}

function eventWriter(context: Context, request: ResourceRequest, channel: Channel): Writer {
  const { kind } = request.target;
  const presentation = presentationOf(request.headers["accept"], "collection");
  const include = includeOf(request.query);
  let isFirst = true;
  const text = (object: ApiObject): string => {
    if (presentation === "metadata") return JSON.stringify(partialMetadata(object));
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    const { columnDefinitions, ...rest } = table(kind, [object], { metadata, nowMs: context.clock.now(), include });
    // Columns are sent once: kubectl keeps them for later rows.
    const shown = { ...rest, columnDefinitions: isFirst ? (columnDefinitions ?? null) : null };
    isFirst = false;
    return JSON.stringify(shown);
  };
  const line = (type: string, json: string): string => `{"type":"${type}","object":${json}}\n`;
  return (type, object) =>
    channel.push(
      presentation === "object"
        ? { value: { type, object }, text: () => line(type, jsonOf(object)) }
        : line(type, text(object)),
    );
}

function bookmark(context: Context, kind: ServedKind, isInitialEnd: boolean): LineValue {
  const metadata = {
    resourceVersion: String(context.store.revision()),
    ...(isInitialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    creationTimestamp: null,
  };
  const value = { type: "BOOKMARK", object: { kind: kind.kind, apiVersion: kind.apiVersion, metadata } };
  return { value, text: () => `${JSON.stringify(value)}\n` };
}

// The last bookmark comes shortly before the end, so that the next watch resumes as late as possible.
function timers(
  context: Context,
  kind: ServedKind,
  { timeoutSeconds, wantsBookmarks }: WatchOptions,
  channel: Channel,
): readonly (() => void)[] {
  const { clock, random } = context;
  const seconds = timeoutSeconds > 0 ? timeoutSeconds : minTimeoutSeconds * (1 + random());
  const endsAtMs = clock.monotonic() + seconds * 1000;
  const cancelEnd = clock.after(seconds * 1000, channel.end);
  let cancelNext = (): void => {};
  const scheduleNext = (): void => {
    const beforeEndMs = endsAtMs - lastBookmarkBeforeEndMs - clock.monotonic();
    cancelNext = clock.after(beforeEndMs > 0 ? Math.min(bookmarkEveryMs, beforeEndMs) : bookmarkEveryMs, () => {
      channel.push(bookmark(context, kind, false));
      scheduleNext();
    });
  };
  if (wantsBookmarks) scheduleNext();
  return [cancelEnd, () => cancelNext()];
}
