import { leastOutstanding, type PickParts } from "./pick.ts";
import { nextSharer } from "./sharing/split.ts";
import { stickySharer } from "./sharing/sticky.ts";
import type { LivePod, LiveRevision, LiveRoute } from "./live.ts";

/** What a request says of who is to answer it. */
export interface Wish {
  /** Hash of the revision that it names by version or label. */
  readonly revision?: string | undefined;
  /** What keeps it with one revision: see `stickyValue`. */
  readonly stickyValue?: string | undefined;
}

/** No wish: the split decides. */
export const anyRevision: Wish = {};

/** Who answers: first the revision is chosen, then the pod. */
export interface Target {
  readonly revision: LiveRevision;
  readonly pod: LivePod;
}

/**
 * Where a request goes first. Without a wish that is a turn of the split: call it once a request, never for a copy. Undefined:
 * nothing that it may go to is ready, and no turn was taken.
 */
export function firstTarget(live: LiveRoute, wish: Wish, parts: PickParts): Target | undefined {
  const revision = firstRevision(live, wish);
  return revision === undefined ? undefined : targetOf(revision, undefined, parts);
}

/** A request that a pod failed. */
export interface Failed {
  /** The revision of its first choice. */
  readonly revision: LiveRevision;
  /** Pods that failed it. */
  readonly tried: ReadonlySet<LivePod>;
}

/**
 * Where a request goes next: to another pod of the revision it was first sent to. When that has none any more, and nothing
 * binds the request to it, to the revision with most weight; never a turn of the split. Undefined: nothing is ready.
 */
export function nextTarget(live: LiveRoute, wish: Wish, failed: Failed, parts: PickParts): Target | undefined {
  const { revision, tried } = failed;
  const same = targetOf(revision, tried, parts);
  if (same !== undefined || isBound(live, wish)) return same;
  let heaviest: LiveRevision | undefined;
  for (const other of live.sharing) if (heaviest === undefined || other.weight > heaviest.weight) heaviest = other;
  return heaviest === undefined ? undefined : targetOf(heaviest, tried, parts);
}

/** True when a request with this wish has somewhere to go. */
export function isServable(live: LiveRoute, { revision }: Wish): boolean {
  if (revision === undefined) return live.sharing.length > 0;
  return live.revisions.some(({ hash, pods }) => hash === revision && pods.length > 0);
}

/** True when another revision may not answer in place of the first choice. */
function isBound(live: LiveRoute, { revision, stickyValue }: Wish): boolean {
  return revision !== undefined || (stickyValue !== undefined && live.route.sticky !== undefined);
}

function firstRevision(live: LiveRoute, { revision, stickyValue }: Wish): LiveRevision | undefined {
  if (revision !== undefined) return live.revisions.find(({ hash }) => hash === revision);
  const { sticky } = live.route;
  if (sticky !== undefined && stickyValue !== undefined) return stickySharer(live.sharing, sticky.salt, stickyValue);
  return nextSharer(live.sharing);
}

function targetOf(
  revision: LiveRevision,
  tried: ReadonlySet<LivePod> | undefined,
  parts: PickParts,
): Target | undefined {
  const pod = leastOutstanding(revision.pods, tried, parts);
  return pod === undefined ? undefined : { revision, pod };
}
