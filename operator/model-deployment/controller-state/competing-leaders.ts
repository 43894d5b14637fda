import type { ModelDeployment, ModelDeploymentStatus } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import type { Fault } from "../../../runtime/base/fault.ts";
import { resources } from "../../kube/resources.ts";
import type { Write } from "../execute.ts";
import { hash } from "../plan/hash.ts";

/** Detects ModelDeployments that another process writes as well, as happens while two operators believe to be the leader. */
export interface CompetingLeaders {
  /** Records the result of a reconcile of the key. */
  record(key: string, pass: PassResult): void;
  /** Milliseconds to back off because another process overwrote our status; 0: none. */
  backOffMs(key: string, observed: CachedVersion): number;
  /** True when the last reconcile lost a write conflict: the winner's other writes may not have reached our caches yet. */
  hasLostConflict(key: string): boolean;
  /** The key is gone. */
  forget(key: string): void;
}

/** What a reconcile wrote, and either the status that it left or why it left none. */
export interface PassResult {
  readonly writes: readonly Write[];
  readonly status?: ModelDeploymentStatus | undefined;
  readonly failure?: Fault | undefined;
}

/** A ModelDeployment in the cache; reading its version is much cheaper than reading the object. */
export interface CachedVersion {
  readonly resourceVersion: string;
  readonly read: () => ModelDeployment | undefined;
}

/** A leader that lost its lease notices at its next renewal, at most two seconds later. */
const backOffForMs = 3_000;
/** Length of the lease: a status overwritten later than this comes from a regular successor, not from a competitor. */
const recentMs = 15_000;

interface WrittenStatus {
  readonly resourceVersion: string;
  /** Hash of the status. */
  readonly status: string;
  readonly atMs: number;
  /** End of the back-off, while there is one. */
  readonly untilMs?: number | undefined;
}

/**
 * Starts without any record. Two operators plan differently while one of them has not seen an event, and each status write
 * triggers the other: without a back-off, pods would be scaled up and down every few milliseconds. The operator whose status
 * was overwritten backs off, the other one continues.
 */
export function createCompetingLeaders(clock: Clock): CompetingLeaders {
  const written = new Map<string, WrittenStatus>();
  const conflicted = new Set<string>();
  return {
    record(key, { writes, status, failure }) {
      if (status === undefined && failure?.level === "info") conflicted.add(key);
      else conflicted.delete(key);
      // A conflict leaves our last status valid; after any other failure the status in the cluster may be our own unanswered write.
      if (status === undefined && failure !== undefined && failure.level !== "info") written.delete(key);
      const write = writes.find(({ resource }) => resource === resources.modelDeployments);
      if (write === undefined || status === undefined) return;
      const { resourceVersion } = write;
      const atMs = clock.monotonic();
      // Drops entries that are too old; the map is ordered by time, the oldest first.
      written.delete(key);
      for (const [other, last] of written) {
        if (atMs - last.atMs < recentMs) break;
        written.delete(other);
      }
      written.set(key, { resourceVersion, status: hash(status), atMs });
    },
    backOffMs(key, { resourceVersion, read }) {
      const last = written.get(key);
      if (last === undefined || last.resourceVersion === resourceVersion) return 0;
      const nowMs = clock.monotonic();
      if (last.untilMs === undefined && nowMs - last.atMs < recentMs && hash(read()?.status ?? {}) !== last.status) {
        written.set(key, { ...last, untilMs: nowMs + backOffForMs });
        return backOffForMs;
      }
      const leftMs = (last.untilMs ?? nowMs) - nowMs;
      if (leftMs <= 0) written.delete(key);
      return Math.max(0, leftMs);
    },
    hasLostConflict: (key) => conflicted.has(key),
    forget(key) {
      written.delete(key);
      conflicted.delete(key);
    },
  };
}
