import { type Clock, systemClock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import { type Log, silentLog } from "../../runtime/base/log.ts";
import type { WatchSink } from "./cache.ts";
import type { Client, Selection } from "./client.ts";
import { refusalFault } from "./faults.ts";
import type { KubeObject } from "./kinds.ts";
import type { Resource } from "./resources.ts";
import { type EventProjection, eventProjection, fullEvents } from "./json/event-projection.ts";
import type { FieldMask } from "./json/field-mask.ts";
import { type BackoffPolicy, backoffDelayMs, retryAfterMs } from "./exchange.ts";
import type { KubeStream } from "./transport.ts";
import { accept, beginWith, stateBuilder, isTaken, type WatchState } from "./watch/watch-state.ts";
import { piecesOf, readWatch, type StreamEnd, type WatchEvent } from "./watch-stream.ts";

/** One watch connection's end, for logs and metrics. */
export interface WatchEnd extends StreamEnd {
  readonly resource: Resource;
  readonly aliveMs: number;
}

/** What is watched and who is told. */
export interface WatchOptions<T extends KubeObject> {
  readonly client: Client;
  readonly resource: Resource;
  /** Default: the kind in all namespaces. */
  readonly selection?: Selection;
  /** Which members of an object are needed; the sink is told no others. Default: all but `metadata.managedFields`. */
  readonly keep?: FieldMask;
  /** Told the whole state first, then every change; most often a `Cache`. */
  readonly sink: WatchSink<T>;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly log?: Log;
  readonly onEnd?: (end: WatchEnd) => void;
  /** Told when the server serves the watch again after an end that was not in good order. */
  readonly onRecovered?: () => void;
}

/** A watch that goes on for ever: every end leads to a new connection from where the last one stood. */
export interface Watch {
  /** Ends it; the sink is told nothing from here on. */
  stop(): Promise<void>;
}

/** Figures of client-go's reflector (`tools/cache/reflector.go`): 0.8 s × 2, jitter 1.0, cap 30 s, reset after 2 min. */
const growth: BackoffPolicy = { firstMs: 800, capMs: 30_000, jitter: 1 };
/** A server that is away is looked for at least every 2 s: who works by an old view should not do so for long after its return. */
const briefly: BackoffPolicy = { ...growth, capMs: 1_000 };
/** Refusals that time alone does not cure. */
const lasting: ReadonlySet<string | undefined> = new Set([
  "NotFound",
  "Unauthorized",
  "Forbidden",
  "Invalid",
  "Unsupported",
]);
const healthyMs = 120_000;
/** A server that closes in good order after this long is not in trouble: go on at once. */
const orderlyMs = 5_000;
/** How much longer than asked for a watch may stay silent and open before we take the connection for dead. */
const overdueMs = 30_000;

/** Starts at once. Never throws: what goes wrong is told to `onEnd` and the log, and tried again. */
export function startWatch<T extends KubeObject>(options: WatchOptions<T>): Watch {
  const { clock = systemClock, random = Math.random, log = silentLog, resource } = options;
  const kept = options.keep === undefined ? fullEvents : eventProjection(options.keep);
  const stopping = new AbortController();
  const position: WatchState<T> = {
    resumeFrom: undefined,
    streamsLists: true,
    initial: undefined,
    newest: 0n,
    staleStates: 0,
    trouble: undefined,
  };

  const run = async (): Promise<void> => {
    let attempt = 0;
    let reason: WatchEnd["reason"] | undefined;
    while (!stopping.signal.aborted) {
      const startedMs = clock.monotonic();
      const last = reason;
      const end = await connection({ ...options, clock, random, kept }, position, stopping.signal);
      ({ reason } = end);
      const aliveMs = clock.monotonic() - startedMs;
      position.initial = undefined;
      options.onEnd?.({ ...end, resource, aliveMs });
      const fields = { kind: resource.kind, reason: end.reason, aliveMs, cause: end.fault?.message };
      log[isNews(end, position.trouble) ? "warn" : "debug"]("watch ended", fields);
      if (aliveMs >= healthyMs) attempt = 0;
      if (end.reason === "closed" && aliveMs >= orderlyMs) continue;
      position.trouble = end.fault?.code ?? end.reason;
      // The whole state comes next: waiting makes nothing better, unless that leads here again.
      if (end.reason === "expired" && last !== "expired") continue;
      await clock.sleep(pauseMs(end, attempt++, random), stopping.signal);
    }
  };
  const running = run();
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

/** Of a trouble that lasts each cause is told once; an expiry is no trouble. */
function isNews({ reason, fault }: StreamEnd, trouble: string | undefined): boolean {
  return fault !== undefined && reason !== "expired" && fault.code !== trouble;
}

function pauseMs({ reason, fault, retryAfterMs = 0 }: StreamEnd, attempt: number, random: () => number): number {
  const isLasting = reason === "expired" || reason === "stale" || lasting.has(fault?.code);
  return Math.max(retryAfterMs, backoffDelayMs(isLasting ? growth : briefly, attempt, random));
}

type Settings<T extends KubeObject> = WatchOptions<T> & {
  readonly clock: Clock;
  readonly random: () => number;
  readonly kept: EventProjection;
};

async function connection<T extends KubeObject>(
  settings: Settings<T>,
  position: WatchState<T>,
  stopped: AbortSignal,
): Promise<StreamEnd> {
  const ending = new AbortController();
  const timeoutSeconds = 300 + Math.floor(settings.random() * 300);
  let isOverdue = false;
  const cancelTimer = settings.clock.after(timeoutSeconds * 1000 + overdueMs, () => {
    isOverdue = true;
    ending.abort();
  });
  // Not AbortSignal.any: what listens to its signals is kept as long as none of them aborts.
  const stop = (): void => ending.abort();
  stopped.addEventListener("abort", stop);
  const end = await follow(settings, position, { timeoutSeconds, signal: ending.signal });
  stopped.removeEventListener("abort", stop);
  cancelTimer();
  if (stopped.aborted) return { reason: "stopped" };
  return isOverdue ? { reason: "overdue" } : end;
}

interface Attempt {
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

async function follow<T extends KubeObject>(
  settings: Settings<T>,
  position: WatchState<T>,
  attempt: Attempt,
): Promise<StreamEnd> {
  const { client, resource, selection = {}, sink } = settings;
  const operation = `watch ${resource.plural}`;
  try {
    if (position.resumeFrom === undefined && !position.streamsLists) {
      const list = await client.list<T>(resource, selection, attempt.signal);
      if (attempt.signal.aborted) return { reason: "stopped" };
      beginWith(list, position, settings);
    }
    const parameters = watchParameters(position, attempt.timeoutSeconds);
    const stream = await client.openWatch(resource, selection, { parameters, signal: attempt.signal });
    if (stream.status >= 300) {
      const end = await refused(operation, stream, position);
      return end ?? (await follow(settings, position, attempt));
    }
    recover(position, settings);
    position.initial = position.resumeFrom === undefined ? stateBuilder(settings) : undefined;
    const onEvent = (event: WatchEvent<T>, line: unknown): void => {
      if (!attempt.signal.aborted) accept({ ...event, line }, position, sink);
    };
    const take = (line: Buffer): boolean => !attempt.signal.aborted && isTaken(line, position, sink);
    const reading = { ...settings.kept, take };
    const end = await readWatch(operation, piecesOf(stream), onEvent, reading).finally(() => stream.close());
    if (end.reason === "expired") position.resumeFrom = undefined;
    return end;
  } catch (thrown) {
    const fault = Fault.from(thrown);
    return { reason: fault.code === "StaleState" ? "stale" : "broken", fault };
  }
}

function recover<T extends KubeObject>(
  position: WatchState<T>,
  { onRecovered, resource, log = silentLog }: Settings<T>,
): void {
  if (position.trouble === undefined) return;
  position.trouble = undefined;
  log.info("watch is served again", { kind: resource.kind });
  onRecovered?.();
}

function watchParameters<T extends KubeObject>(
  { resumeFrom }: WatchState<T>,
  timeoutSeconds: number,
): Record<string, string> {
  const common = { watch: "true", allowWatchBookmarks: "true", timeoutSeconds: String(timeoutSeconds) };
  return resumeFrom === undefined
    ? { ...common, sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" }
    : { ...common, resourceVersion: resumeFrom };
}

/** Undefined when only the streaming list was refused: then there is another way, at once. */
async function refused<T extends KubeObject>(
  operation: string,
  stream: KubeStream,
  position: WatchState<T>,
): Promise<StreamEnd | undefined> {
  const decoder = new TextDecoder();
  let body = "";
  for await (const chunk of stream.chunks) body += decoder.decode(chunk, { stream: true });
  const fault = refusalFault(operation, stream.status, body);
  if (fault.code === "Invalid" && position.resumeFrom === undefined) {
    position.streamsLists = false;
    return undefined;
  }
  if (fault.code !== "Expired") return { reason: "refused", fault, retryAfterMs: retryAfterMs(stream) ?? 0 };
  position.resumeFrom = undefined;
  return { reason: "expired", fault };
}
