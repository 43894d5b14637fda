import type { RevisionWindow } from "../../analysis/evidence.ts";
import {
  judgedCopies,
  type MirrorFigures,
  type ModelFigures,
  noMirrorFigures,
  type RevisionFigures,
} from "../../../runtime/contract/figures.ts";

/** Totals of one ModelDeployment over all gateways since the operator started; they never decrease. */
export interface ModelTotals {
  readonly revisions: Map<string, RevisionTotals>;
  /** Counters for rates: after a time in which a gateway did not respond, only one pull's share of the increase is added. */
  readonly flow: Flow;
}

/** Counters of arrivals and completions. */
export interface Flow {
  arrivals: number;
  refused: number;
  abandoned: number;
  completions: number;
  failures: number;
  serviceMs: number;
}

/** More revisions than a rollout has, and than a gateway keeps after they left a route. */
const maxRevisions = 8;

interface RevisionTotals {
  requests: number;
  failed: number;
  readonly latency: number[];
  mirrored?: MirrorFigures;
}

const noRequests: RevisionTotals = { requests: 0, failed: 0, latency: [] };

/** Totals of a model that no gateway has reported yet. */
export function emptyTotals(): ModelTotals {
  const flow = { arrivals: 0, refused: 0, abandoned: 0, completions: 0, failures: 0, serviceMs: 0 };
  return { revisions: new Map(), flow };
}

/**
 * Adds what one gateway counted since its response `before`, or since its start. `share` is the part of it that counts for the flow.
 * Returns true when requests came in or are queued.
 */
export function addIncrease(
  totals: ModelTotals,
  now: ModelFigures,
  before: ModelFigures | undefined,
  share: number,
): boolean {
  const { flow } = totals;
  const arrivals = increase(now.arrivals, before?.arrivals);
  flow.arrivals += arrivals * share;
  flow.refused += increase(now.refused, before?.refused) * share;
  flow.abandoned += increase(now.abandoned, before?.abandoned) * share;
  for (const [hash, figures] of Object.entries(now.revisions)) {
    const known = before?.revisions[hash];
    // Counts that decreased have restarted at 0: the gateway had dropped the revision.
    const past = known !== undefined && known.completed <= figures.completed ? known : undefined;
    addRevisionIncrease(revisionOf(totals.revisions, hash), figures, past);
    flow.completions += increase(figures.completed, past?.completed) * share;
    flow.failures += increase(failures(figures), past && failures(past)) * share;
    flow.serviceMs += increase(figures.serviceMs, past?.serviceMs) * share;
  }
  return arrivals > 0 || now.queued > 0;
}

/** Totals of a revision; beyond `maxRevisions` the least recently used are dropped. */
function revisionOf(revisions: ModelTotals["revisions"], hash: string): RevisionTotals {
  const known = revisions.get(hash);
  // Below the limit the order is that of insertion; at the limit a use moves the revision to the end.
  if (known !== undefined && revisions.size < maxRevisions) return known;
  const revision = known ?? { ...noRequests, latency: [] };
  revisions.delete(hash);
  revisions.set(hash, revision);
  const [oldest = hash] = revisions.keys();
  if (revisions.size > maxRevisions) revisions.delete(oldest);
  return revision;
}

function addRevisionIncrease(revision: RevisionTotals, now: RevisionFigures, past: RevisionFigures | undefined): void {
  revision.requests += increase(now.completed, past?.completed);
  revision.failed += increase(failures(now), past && failures(past));
  addLatencyIncrease(revision.latency, now.latency, past?.latency ?? []);
  if (now.mirrored !== undefined)
    revision.mirrored = summed(
      revision.mirrored ?? noMirrorFigures,
      difference(now.mirrored, past?.mirrored ?? noMirrorFigures),
    );
}

/** A loop by index: ten thousand models have half a million buckets. */
function addLatencyIncrease(total: number[], now: readonly number[], past: readonly number[]): void {
  for (let bucket = 0; bucket < now.length; bucket += 1) {
    const count = increase(now[bucket] ?? 0, past[bucket]);
    if (bucket >= total.length) total.push(count);
    else if (count > 0) total[bucket] = (total[bucket] ?? 0) + count;
  }
}

/** The increase of each revision's totals since a copy was made. */
export function windowsSince(totals: ModelTotals, past: ModelTotals): Readonly<Record<string, RevisionWindow>> {
  const windows = [...totals.revisions].map(
    ([hash, revision]) => [hash, windowSince(revision, past.revisions.get(hash) ?? noRequests)] as const,
  );
  return Object.fromEntries(windows.filter(([, { requests, mirrored }]) => requests > 0 || (mirrored?.sent ?? 0) > 0));
}

function windowSince({ requests, failed, latency, mirrored }: RevisionTotals, past: RevisionTotals): RevisionWindow {
  return {
    requests: requests - past.requests,
    failed: failed - past.failed,
    latency: latency.map((count, bucket) => count - (past.latency[bucket] ?? 0)),
    ...(mirrored === undefined ? {} : { mirrored: difference(mirrored, past.mirrored ?? noMirrorFigures) }),
  };
}

/** A copy of the current totals. */
export function copyOf({ revisions, flow }: ModelTotals): ModelTotals {
  const copies = new Map<string, RevisionTotals>();
  for (const [hash, revision] of revisions) copies.set(hash, { ...revision, latency: [...revision.latency] });
  return { revisions: copies, flow: { ...flow } };
}

function failures({ failed: { status, connection, timeout } }: RevisionFigures): number {
  return status + connection + timeout;
}

function increase(now: number, before: number | undefined): number {
  return before === undefined || before > now ? now : now - before;
}

/** `maxAbsolute` is the maximum of all time, because that of the window alone is unknown. */
function difference(now: MirrorFigures, past: MirrorFigures): MirrorFigures {
  return {
    sent: increase(now.sent, past.sent),
    judged: increase(judgedCopies(now), judgedCopies(past)),
    failed: increase(now.failed, past.failed),
    compared: increase(now.compared, past.compared),
    differing: increase(now.differing, past.differing),
    maxAbsolute: now.compared > past.compared ? now.maxAbsolute : 0,
    sumAbsolute: Math.max(0, now.sumAbsolute - past.sumAbsolute),
    numbers: increase(now.numbers, past.numbers),
    ranked: increase(now.ranked, past.ranked),
    agreeing: increase(now.agreeing, past.agreeing),
  };
}

function summed(one: MirrorFigures, other: MirrorFigures): MirrorFigures {
  return {
    sent: one.sent + other.sent,
    judged: judgedCopies(one) + judgedCopies(other),
    failed: one.failed + other.failed,
    compared: one.compared + other.compared,
    differing: one.differing + other.differing,
    maxAbsolute: Math.max(one.maxAbsolute, other.maxAbsolute),
    sumAbsolute: one.sumAbsolute + other.sumAbsolute,
    numbers: one.numbers + other.numbers,
    ranked: one.ranked + other.ranked,
    agreeing: one.agreeing + other.agreeing,
  };
}
