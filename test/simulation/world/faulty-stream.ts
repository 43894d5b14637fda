import type { KubeRequest } from "../../../operator/kube/transport.ts";
import type { EventFault } from "../schedule/schedule.ts";
import type { FaultyTransportOptions } from "./faulty-transport.ts";

const encoder = new TextEncoder();

/** Time until the server detects a lost event and ends the watch with 410. */
const detectionMs = 8_000;
const expired = {
  type: "ERROR",
  object: { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" },
};

interface Line {
  readonly type: string;
  readonly object: { readonly metadata: { readonly uid: string; readonly resourceVersion: string } };
}

/** The lines to deliver for one event, and whether the stream then ends. */
interface Delivery {
  /** Parsed lines, or bytes of a truncated one. */
  readonly lines: readonly unknown[];
  readonly ends?: boolean;
}

interface Fault {
  readonly kind: EventFault;
  readonly amount: number;
}

/** Delivers the lines of a watch to the process with faults: delayed, duplicated, truncated or dropped. */
export async function* faultyLines(
  lines: AsyncIterable<unknown>,
  options: FaultyTransportOptions & { readonly onDrop: () => void },
  { path }: KubeRequest,
): AsyncGenerator<unknown> {
  const { clock, process, activeFaults, ledger } = options;
  let detectedAtMs = Infinity;
  // Events of the initial list are never dropped: servers don't have that fault.
  let mayDrop = !path.includes("sendInitialEvents=true");
  for await (const value of lines) {
    const line = value as Line; // a server that shares memory gives values
    const fault = activeFaults.eventFault(ledger.events++);
    await delayed(fault, options);
    if (isOver(path, options)) return;
    if (clock.monotonic() >= detectedAtMs) return yield expired;
    const isBookmark = line.type === "BOOKMARK";
    if (fault?.kind === "drop" && mayDrop && !isBookmark) {
      detectedAtMs = Math.min(detectedAtMs, clock.monotonic() + detectionMs);
      ledger.unseen.add(line.object.metadata.uid);
      options.onDrop();
      continue;
    }
    mayDrop ||= isBookmark;
    const { lines: delivered, ends = false } = withFault(line, fault);
    for (const one of delivered) yield await process.delivered(Promise.resolve(one));
    if (ends) return;
  }
}

async function delayed(
  fault: Fault | undefined,
  { clock, activeFaults, random }: FaultyTransportOptions,
): Promise<void> {
  await clock.sleep(1 + Math.floor(random.fraction() * 4));
  if (activeFaults.blindUntilMs > 0) await clock.sleep(activeFaults.blindUntilMs - clock.monotonic());
  if (activeFaults.stale !== undefined) await clock.sleep(activeFaults.stale.untilMs - clock.monotonic());
  if (fault?.kind === "delay") await clock.sleep(fault.amount * 15_000);
}

function isOver(path: string, { clock, activeFaults, process }: FaultyTransportOptions): boolean {
  const isMissing = activeFaults.missing !== undefined && path.includes(activeFaults.missing);
  return isMissing || clock.monotonic() < activeFaults.outageUntilMs || !process.isAlive;
}

function withFault(line: Line, fault: Fault | undefined): Delivery {
  switch (fault?.kind) {
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

/** A bookmark just before this event. */
function bookmarkBefore({ type, object }: Line): readonly unknown[] {
  const isInitial = type === "ADDED" || type === "BOOKMARK";
  if (isInitial) return [];
  const resourceVersion = String(Number(object.metadata.resourceVersion) - 1);
  return [{ type: "BOOKMARK", object: { metadata: { resourceVersion } } }];
}
