import type { RevisionWindow } from "../../analysis/evidence.ts";
import {
  judgedCopies,
  type MirrorFigures,
  type ModelFigures,
  type RevisionFigures,
} from "../../../runtime/contract/figures.ts";

/** What was counted of one ModelDeployment at all gateways since the operator started; only grows. */
export interface ModelTotals {
  readonly revisions: Map<string, RevisionTotals>;
  /** What came in and was done, for rates: of a time in which a gateway did not answer only as much as fits in one pull. */
  readonly flow: Flow;
}

/** Counts of what came in and was done. */
export interface Flow {
  arrivals: number;
  refused: number;
  abandoned: number;
  completions: number;
  failures: number;
  serviceMs: number;
}

/** More than a rollout has, and than a gateway remembers of those that left a route. */
const maxRevisions = 8;

interface RevisionTotals {
  requests: number;
  failed: number;
  readonly latency: number[];
  mirrored?: MirrorFigures;
}

const noRequests: RevisionTotals = { requests: 0, failed: 0, latency: [] };

/** Of a model that no gateway has told of. */
export function emptyTotals(): ModelTotals {
  const flow = { arrivals: 0, refused: 0, abandoned: 0, completions: 0, failures: 0, serviceMs: 0 };
  return { revisions: new Map(), flow };
}

/**
 * Adds what one gateway counted since its answer `before`; undefined: since it began. `share` is how much of that belongs to the flow of
 * now. True when requests came in or wait.
 */
export function grow(totals: ModelTotals, now: ModelFigures, before: ModelFigures | undefined, share: number): boolean {
  const { flow } = totals;
  const arrivals = growth(now.arrivals, before?.arrivals);
  flow.arrivals += arrivals * share;
  flow.refused += growth(now.refused, before?.refused) * share;
  flow.abandoned += growth(now.abandoned, before?.abandoned) * share;
  for (const [hash, figures] of Object.entries(now.revisions)) {
    const known = before?.revisions[hash];
    // Counts that shrank began again at 0: the gateway had forgotten the revision.
    const past = known !== undefined && known.completed <= figures.completed ? known : undefined;
    growRevision(revisionOf(totals.revisions, hash), figures, past);
    flow.completions += growth(figures.completed, past?.completed) * share;
    flow.failures += growth(failures(figures), past && failures(past)) * share;
    flow.serviceMs += growth(figures.serviceMs, past?.serviceMs) * share;
  }
  return arrivals > 0 || now.queued > 0;
}

/** The least recently used of too many are forgotten. */
function revisionOf(revisions: ModelTotals["revisions"], hash: string): RevisionTotals {
  const known = revisions.get(hash);
  // The first come is the first to go, unless it is used again when there is no room.
  if (known !== undefined && revisions.size < maxRevisions) return known;
  const revision = known ?? { ...noRequests, latency: [] };
  revisions.delete(hash);
  revisions.set(hash, revision);
  const [oldest = hash] = revisions.keys();
  if (revisions.size > maxRevisions) revisions.delete(oldest);
  return revision;
}

function growRevision(revision: RevisionTotals, now: RevisionFigures, past: RevisionFigures | undefined): void {
  revision.requests += growth(now.completed, past?.completed);
  revision.failed += growth(failures(now), past && failures(past));
  growLatency(revision.latency, now.latency, past?.latency ?? []);
  if (now.mirrored !== undefined)
    revision.mirrored = summed(revision.mirrored ?? noCopies, difference(now.mirrored, past?.mirrored ?? noCopies));
}

/** By index: ten thousand models have half a million buckets. */
function growLatency(total: number[], now: readonly number[], past: readonly number[]): void {
  for (let bucket = 0; bucket < now.length; bucket += 1) {
    const count = growth(now[bucket] ?? 0, past[bucket]);
    if (bucket >= total.length) total.push(count);
    else if (count > 0) total[bucket] = (total[bucket] ?? 0) + count;
  }
}

/** What was counted of each revision since a copy was made. */
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
    ...(mirrored === undefined ? {} : { mirrored: difference(mirrored, past.mirrored ?? noCopies) }),
  };
}

/** As it is now. */
export function copied({ revisions, flow }: ModelTotals): ModelTotals {
  const copies = new Map<string, RevisionTotals>();
  for (const [hash, revision] of revisions) copies.set(hash, { ...revision, latency: [...revision.latency] });
  return { revisions: copies, flow: { ...flow } };
}

function failures({ failed: { status, connection, timeout } }: RevisionFigures): number {
  return status + connection + timeout;
}

function growth(now: number, before: number | undefined): number {
  return before === undefined || before > now ? now : now - before;
}

const noCopies: MirrorFigures = {
  sent: 0,
  judged: 0,
  failed: 0,
  compared: 0,
  differing: 0,
  maxAbsolute: 0,
  sumAbsolute: 0,
  numbers: 0,
  ranked: 0,
  agreeing: 0,
};

/** The largest difference is that of all times: of a part of it none is known. */
function difference(now: MirrorFigures, past: MirrorFigures): MirrorFigures {
  return {
    sent: growth(now.sent, past.sent),
    judged: growth(judgedCopies(now), judgedCopies(past)),
    failed: growth(now.failed, past.failed),
    compared: growth(now.compared, past.compared),
    differing: growth(now.differing, past.differing),
    maxAbsolute: now.compared > past.compared ? now.maxAbsolute : 0,
    sumAbsolute: Math.max(0, now.sumAbsolute - past.sumAbsolute),
    numbers: growth(now.numbers, past.numbers),
    ranked: growth(now.ranked, past.ranked),
    agreeing: growth(now.agreeing, past.agreeing),
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
