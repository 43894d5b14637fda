import type { ServedKind } from "../kinds/served-kind.ts";
import type { StreamAnswer } from "../requests/answer.ts";
import { createChannel, type Channel, type LineValue } from "../requests/channel.ts";
import { watchOptions, type WatchOptions } from "../requests/list-options.ts";
import { includeOf, presentationOf } from "../requests/media-type.ts";
import { jsonOf, type Change } from "../store/record.ts";
import { partialMetadata, table } from "../tables/table.ts";
import { expired, type ApiError } from "../values/api-error.ts";
import { namespaceOf, type ApiObject } from "../values/api-object.ts";
import type { JsonObject } from "../values/json.ts";
import type { Context, ResourceRequest } from "./context.ts";
import { collectionOf } from "./create.ts";
import { matchingRecords, selection } from "./read.ts";

/** How often a quiet watch gets a bookmark, if it wants them. */
const bookmarkEveryMs = 60_000;

/** How long before the end of a watch its last bookmark comes. */
const lastBookmarkBeforeEndMs = 2000;

/** Shortest time that the server lets a watch live of its own accord; the longest is twice that. */
const minTimeoutSeconds = 1800;

/** GET of a collection with `watch=true`: a line of JSON per change, until time-out or hang-up. */
export function watch(context: Context, request: ResourceRequest): StreamAnswer {
  const { kind, namespace } = request.target;
  const options = watchOptions(request.query);
  const { matches } = selection(request.query, kind);
  const endings: (() => void)[] = [];
  const channel = createChannel(() => endings.forEach((end) => end()));
  const write = eventWriter(context, request, channel);
  const seen = (change: Change): void => {
    if (namespace !== "" && namespaceOf(change.record.object) !== namespace) return;
    const event = selected(change, matches);
    if (event !== undefined) write(event.type, event.object);
  };
  const collection = collectionOf(context, kind);
  const refusal = writePast(context, request, options, { write, seen });
  if (refusal === undefined) {
    if (options.sendsInitialEvents && options.wantsBookmarks) channel.push(bookmark(context, kind, true));
    endings.push(collection.subscribe(seen), ...timers(context, kind, options, channel));
  } else {
    channel.push(`${JSON.stringify({ type: "ERROR", object: refusal.status })}\n`);
    channel.end();
  }
  const headers = { "content-type": "application/json", "cache-control": "no-cache, private" };
  return { status: 200, headers, chunks: channel.chunks, values: channel.values, close: channel.close };
}

type Writer = (type: string, object: ApiObject) => void;

// What happened before the watch began: the present state, or the changes since a revision. Returns 410 when those are forgotten.
function writePast(
  context: Context,
  request: ResourceRequest,
  { revision, sendsInitialEvents }: WatchOptions,
  { write, seen }: { readonly write: Writer; readonly seen: (change: Change) => void },
): ApiError | undefined {
  if (sendsInitialEvents || revision === 0) {
    if (!request.query.has("sendInitialEvents") || sendsInitialEvents) {
      for (const { object } of matchingRecords(context, request)) write("ADDED", object);
    }
    return undefined;
  }
  const changes = collectionOf(context, request.target.kind).history.after(revision);
  if (changes === undefined) return expired(`too old resource version: ${revision} (${context.store.revision()})`);
  for (const change of changes) seen(change);
  return undefined;
}

/** The event a change is for a watch with selectors: leaving the selection is a deletion, entering it an addition. */
function selected(
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
    // Columns are told once: kubectl keeps them for the rows that follow.
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

// Bookmarks come every minute and shortly before the end, so that the next watch starts as close to now as possible.
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
  const planNext = (): void => {
    const beforeEndMs = endsAtMs - lastBookmarkBeforeEndMs - clock.monotonic();
    cancelNext = clock.after(beforeEndMs > 0 ? Math.min(bookmarkEveryMs, beforeEndMs) : bookmarkEveryMs, () => {
      channel.push(bookmark(context, kind, false));
      planNext();
    });
  };
  if (wantsBookmarks) planNext();
  return [cancelEnd, () => cancelNext()];
}
