import type { KubeRequest } from "../../../operator/kube/transport.ts";
import type { EventTrouble } from "../schedule/schedule.ts";
import type { FaultyTransportOptions } from "./faulty-transport.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How long a watch that lost an event goes on before its server finds out. */
const healedAfterMs = 8_000;
const expiredText = `${JSON.stringify({
  type: "ERROR",
  object: { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" },
})}\n`;

/** What a step of a stream does: what is told, and whether the stream ends with it. */
interface Told {
  readonly chunks: readonly Uint8Array[];
  readonly ends?: boolean;
}

/** The pieces of a watch as they reach the process: late, twice, cut off or not at all. */
export async function* faultyChunks(
  chunks: AsyncIterable<Uint8Array>,
  options: FaultyTransportOptions,
  { path }: KubeRequest,
): AsyncGenerator<Uint8Array> {
  const { clock, process, weather, ledger } = options;
  let healsAtMs = Infinity;
  // A list that lacks something is no fault that a server has.
  let mayDrop = !path.includes("sendInitialEvents=true");
  for await (const chunk of chunks) {
    const fault = weather.eventTrouble(ledger.events++);
    await delayed(fault, options);
    if (isOver(path, options)) return;
    if (clock.monotonic() >= healsAtMs) return yield encoder.encode(expiredText);
    if (fault?.trouble === "drop" && mayDrop && !isBookmark(chunk)) {
      healsAtMs = Math.min(healsAtMs, clock.monotonic() + healedAfterMs);
      continue;
    }
    mayDrop ||= isBookmark(chunk);
    const { chunks: told, ends = false } = troubled(chunk, fault);
    for (const one of told) yield await process.heard(Promise.resolve(one));
    if (ends) return;
  }
}

async function delayed(
  fault: { readonly trouble: EventTrouble; readonly amount: number } | undefined,
  { clock, weather, chance }: FaultyTransportOptions,
): Promise<void> {
  await clock.sleep(1 + Math.floor(chance.fraction() * 4));
  if (weather.stale !== undefined) await clock.sleep(weather.stale.untilMs - clock.monotonic());
  if (fault?.trouble === "delay") await clock.sleep(fault.amount * 15_000);
}

function isOver(path: string, { clock, weather, process }: FaultyTransportOptions): boolean {
  const isMissing = weather.missing !== undefined && path.includes(weather.missing);
  return isMissing || clock.monotonic() < weather.outageUntilMs || !process.isAlive;
}

function troubled(
  chunk: Uint8Array,
  fault: { readonly trouble: EventTrouble; readonly amount: number } | undefined,
): Told {
  switch (fault?.trouble) {
    case "duplicate":
      return { chunks: [chunk, chunk] };
    case "cut":
      return { chunks: [chunk.subarray(0, Math.floor(fault.amount * (chunk.length - 1)))], ends: true };
    case "close":
      return { chunks: [], ends: true };
    case "expire":
      return { chunks: [encoder.encode(expiredText)], ends: true };
    case "only-bookmarks":
      return { chunks: bookmarkBefore(chunk), ends: true };
    default:
      return { chunks: [chunk] };
  }
}

/** Nothing but a bookmark, as far as it may go without this event. */
function bookmarkBefore(chunk: Uint8Array): readonly Uint8Array[] {
  const [line = ""] = decoder.decode(chunk).split("\n");
  const { type, object } = JSON.parse(line) as { type: string; object: { metadata: { resourceVersion: string } } }; // the server's line
  const isInitial = type === "ADDED" || type === "BOOKMARK";
  if (isInitial) return [];
  const resourceVersion = String(Number(object.metadata.resourceVersion) - 1);
  return [encoder.encode(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion } } })}\n`)];
}

function isBookmark(chunk: Uint8Array): boolean {
  return decoder.decode(chunk.subarray(0, 20)).startsWith('{"type":"BOOKMARK"');
}
