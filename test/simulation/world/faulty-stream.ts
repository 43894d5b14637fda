import type { KubeRequest } from "../../../operator/kube/transport.ts";
import type { EventTrouble } from "../schedule/schedule.ts";
import type { FaultyTransportOptions } from "./faulty-transport.ts";

const encoder = new TextEncoder();

/** How long a watch that lost an event goes on before its server finds out. */
const healedAfterMs = 8_000;
const expired = {
  type: "ERROR",
  object: { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" },
};

interface Line {
  readonly type: string;
  readonly object: { readonly metadata: { readonly uid: string; readonly resourceVersion: string } };
}

/** What a step of a stream does: what is told, and whether the stream ends with it. */
interface Told {
  /** Values of lines, or bytes. */
  readonly lines: readonly unknown[];
  readonly ends?: boolean;
}

interface Fault {
  readonly trouble: EventTrouble;
  readonly amount: number;
}

/** The lines of a watch as they reach the process: late, twice, cut off or not at all. */
export async function* faultyLines(
  lines: AsyncIterable<unknown>,
  options: FaultyTransportOptions & { readonly onDrop: () => void },
  { path }: KubeRequest,
): AsyncGenerator<unknown> {
  const { clock, process, weather, ledger } = options;
  let healsAtMs = Infinity;
  // A list that lacks something is no fault that a server has.
  let mayDrop = !path.includes("sendInitialEvents=true");
  for await (const value of lines) {
    const line = value as Line; // a server that shares memory gives values
    const fault = weather.eventTrouble(ledger.events++);
    await delayed(fault, options);
    if (isOver(path, options)) return;
    if (clock.monotonic() >= healsAtMs) return yield expired;
    const isBookmark = line.type === "BOOKMARK";
    if (fault?.trouble === "drop" && mayDrop && !isBookmark) {
      healsAtMs = Math.min(healsAtMs, clock.monotonic() + healedAfterMs);
      ledger.unseen.add(line.object.metadata.uid);
      options.onDrop();
      continue;
    }
    mayDrop ||= isBookmark;
    const { lines: told, ends = false } = troubled(line, fault);
    for (const one of told) yield await process.heard(Promise.resolve(one));
    if (ends) return;
  }
}

async function delayed(fault: Fault | undefined, { clock, weather, chance }: FaultyTransportOptions): Promise<void> {
  await clock.sleep(1 + Math.floor(chance.fraction() * 4));
  if (weather.blindUntilMs > 0) await clock.sleep(weather.blindUntilMs - clock.monotonic());
  if (weather.stale !== undefined) await clock.sleep(weather.stale.untilMs - clock.monotonic());
  if (fault?.trouble === "delay") await clock.sleep(fault.amount * 15_000);
}

function isOver(path: string, { clock, weather, process }: FaultyTransportOptions): boolean {
  const isMissing = weather.missing !== undefined && path.includes(weather.missing);
  return isMissing || clock.monotonic() < weather.outageUntilMs || !process.isAlive;
}

function troubled(line: Line, fault: Fault | undefined): Told {
  switch (fault?.trouble) {
    case "duplicate":
      return { lines: [line, line] };
    case "cut": {
      const bytes = encoder.encode(JSON.stringify(line));
      return { lines: [bytes.subarray(0, Math.floor(fault.amount * bytes.length))], ends: true };
    }
    case "close":
      return { lines: [], ends: true };
    case "expire":
      return { lines: [expired], ends: true };
    case "only-bookmarks":
      return { lines: bookmarkBefore(line), ends: true };
    default:
      return { lines: [line] };
  }
}

/** Nothing but a bookmark, as far as it may go without this event. */
function bookmarkBefore({ type, object }: Line): readonly unknown[] {
  const isInitial = type === "ADDED" || type === "BOOKMARK";
  if (isInitial) return [];
  const resourceVersion = String(Number(object.metadata.resourceVersion) - 1);
  return [{ type: "BOOKMARK", object: { metadata: { resourceVersion } } }];
}
