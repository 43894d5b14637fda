import type { Fault } from "../../runtime/base/fault.ts";
import { kubeFaults, type Status, statusFault } from "./faults.ts";
import { type EventProjection, fullEvents } from "./json/event-projection.ts";
import type { KubeObject, Stored } from "./kinds.ts";
import type { KubeStream } from "./transport.ts";

/** One line of a watch that is not an end. */
export interface WatchEvent<T extends KubeObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T & Stored;
}

/**
 * Why a watch ended: `closed` by the server in good order; `expired` when its history no longer reaches back; an
 * `error-event`; `truncated` within a line; `malformed`, a line that is no event; `broken` connection; `refused` at the
 * start; `stale`, a whole state older than what was told before; `overdue` when the server kept it open far beyond the
 * time asked for; `stopped` by us.
 */
export type WatchEndReason =
  | "stopped"
  | "closed"
  | "overdue"
  | "expired"
  | "error-event"
  | "truncated"
  | "malformed"
  | "broken"
  | "refused"
  | "stale";

/** How one connection of a watch ended. */
export interface StreamEnd {
  readonly reason: WatchEndReason;
  /** Always there except after `stopped`, `closed` and `overdue`. */
  readonly fault?: Fault;
  /** The server wants to be left alone for this long. */
  readonly retryAfterMs?: number;
}

/** How lines, or their values, become events. */
interface Reading extends Pick<EventProjection, "fromLine" | "fromValue"> {
  /** True for a line that needs not become one. */
  readonly take?: (line: Buffer) => boolean;
}

/** Pieces of a watch: bytes, or values of lines. */
type Pieces = AsyncIterable<unknown> | NonNullable<KubeStream["read"]>;

/** In the way that costs least. */
export function piecesOf({ values, read, chunks }: KubeStream): Pieces {
  return values ?? read ?? chunks;
}

/**
 * Reads a watch to its end and tells each event. Never throws for what the server sends. Objects come without managed fields.
 */
export async function readWatch<T extends KubeObject>(
  operation: string,
  pieces: Pieces,
  onEvent: (event: WatchEvent<T>, line: unknown) => void,
  reading: Reading = fullEvents,
): Promise<StreamEnd> {
  const splitter = createLineSplitter();
  const endWithin = (piece: unknown): StreamEnd | undefined => {
    const lines: Iterable<unknown> = piece instanceof Uint8Array ? splitter.lines(piece) : [piece];
    for (const line of lines) {
      if (isBlank(line) || isTaken(line, reading)) continue;
      const end = readLine(operation, eventOf<T>(line, reading), { line, onEvent });
      if (end !== undefined) return end;
    }
    return undefined;
  };
  const end = await endOf(operation, pieces, endWithin);
  if (end !== undefined) return end;
  const rest = splitter.rest();
  if (rest.trim() === "") return { reason: "closed" };
  const cause = `the stream ended within a line, after ${JSON.stringify(rest.slice(-40))}`;
  return { reason: "truncated", fault: kubeFaults.BrokenResponse({ operation, cause }) };
}

/** The first end that a piece tells, or that of a broken connection; undefined when there are no more pieces. Throws what a piece leads to. */
async function endOf(
  operation: string,
  pieces: Pieces,
  endWithin: (piece: unknown) => StreamEnd | undefined,
): Promise<StreamEnd | undefined> {
  let end: StreamEnd | undefined;
  let failure: { readonly thrown: unknown } | undefined;
  const isLast = (piece: unknown): boolean => {
    try {
      end = endWithin(piece);
    } catch (thrown) {
      failure = { thrown };
    }
    return end !== undefined || failure !== undefined;
  };
  try {
    if (typeof pieces === "function") await pieces((piece) => !isLast(piece));
    else await untilLast(pieces, isLast);
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.message : String(thrown);
    return { reason: "broken", fault: kubeFaults.BrokenResponse({ operation, cause }, thrown) };
  }
  if (failure !== undefined) throw failure.thrown;
  return end;
}

async function untilLast(pieces: AsyncIterable<unknown>, isLast: (piece: unknown) => boolean): Promise<void> {
  for await (const piece of pieces) if (isLast(piece)) return;
}

interface LineSplitter {
  /** The lines that end in this piece, each to be read before the next is asked for. */
  lines(piece: Uint8Array): Iterable<Buffer>;
  /** What came after the last of them. */
  rest(): string;
}

const newline = 10;
/** Longer than most lines are. */
const roomBytes = 16_384;

/** What a piece leaves unfinished is copied to one place: a buffer for each line would have to be collected. */
function createLineSplitter(): LineSplitter {
  let begun = Buffer.alloc(roomBytes);
  let length = 0;
  const keep = (part: Buffer): void => {
    if (length + part.length > begun.length) {
      const larger = Buffer.alloc((length + part.length) * 2);
      begun.copy(larger, 0, 0, length);
      begun = larger;
    }
    length += part.copy(begun, length);
  };
  return {
    *lines(piece) {
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      let at = 0;
      for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, at)) {
        const last = bytes.subarray(at, end);
        if (length > 0) keep(last);
        yield length > 0 ? begun.subarray(0, length) : last;
        length = 0;
        at = end + 1;
      }
      if (at < bytes.length) keep(bytes.subarray(at));
    },
    rest: () => begun.toString("utf8", 0, length),
  };
}

function isBlank(line: unknown): boolean {
  return line instanceof Uint8Array && line.every((code) => code <= space);
}

const space = 32;

function isTaken(line: unknown, { take }: Reading): boolean {
  return take !== undefined && Buffer.isBuffer(line) && take(line);
}

interface Telling<T extends KubeObject> {
  readonly line: unknown;
  readonly onEvent: (event: WatchEvent<T>, line: unknown) => void;
}

function readLine<T extends KubeObject>(
  operation: string,
  event: Line<T> | undefined,
  { line, onEvent }: Telling<T>,
): StreamEnd | undefined {
  if (event?.type === "ERROR") {
    const fault = statusFault(operation, event.object);
    return { reason: fault.code === "Expired" ? "expired" : "error-event", fault };
  }
  if (event === undefined) {
    const cause = `${JSON.stringify(String(line).slice(0, 80))} is no watch event`;
    return { reason: "malformed", fault: kubeFaults.BrokenResponse({ operation, cause }) };
  }
  onEvent(event, line);
  return undefined;
}

type Line<T extends KubeObject> = WatchEvent<T> | { readonly type: "ERROR"; readonly object: Status };

const eventTypes: ReadonlySet<unknown> = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]);

function eventOf<T extends KubeObject>(line: unknown, reading: Reading): Line<T> | undefined {
  try {
    const value = Buffer.isBuffer(line) ? reading.fromLine(line) : reading.fromValue(line);
    const event = value as Line<T> | null; // the server's word; type and identity are looked at next
    if (!eventTypes.has(event?.type) || typeof event?.object !== "object") return undefined;
    if (event.type === "ERROR") return event;
    return typeof event.object.metadata?.resourceVersion === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}
