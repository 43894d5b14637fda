import type { ModelDeployment, ModelDeploymentStatus } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import type { Fault } from "../../../runtime/base/fault.ts";
import { resources } from "../../kube/resources.ts";
import type { Write } from "../apply.ts";
import { hash } from "../plan/hash.ts";

/** Which ModelDeployments another process writes as well, as two do that both believe to lead. */
export interface Rivals {
  /** What became of a pass over the key. */
  passed(key: string, pass: Pass): void;
  /** How long it is to be left alone, because another wrote a status over ours. */
  restMs(key: string, observed: Observed): number;
  /** The last pass lost a race: who won it may be somebody whose words are not seen yet, and work against it. */
  isOutrun(key: string): boolean;
  /** The key is gone. */
  forget(key: string): void;
}

/** What a pass wrote, and what status says then, or why it does not or may not. */
export interface Pass {
  readonly writes: readonly Write[];
  readonly said?: ModelDeploymentStatus | undefined;
  readonly failure?: Fault | undefined;
}

/** A ModelDeployment in the cache: its version is much cheaper to tell than the whole of it. */
export interface Observed {
  readonly resourceVersion: string;
  readonly whole: () => ModelDeployment | undefined;
}

/** Who has lost the lease knows it when it next tries to renew it, which is every two seconds. */
const restForMs = 3_000;
/** A lease as long as this lies between two processes that lead one after the other: then nobody wrote over anybody. */
const recentMs = 15_000;

interface Word {
  readonly resourceVersion: string;
  /** Stands for what was said. */
  readonly said: string;
  readonly atMs: number;
  /** Set while the key rests. */
  readonly untilMs?: number | undefined;
}

/**
 * Nobody is known. Two views of the same objects come to two plans as long as one of them lacks an event, and each status
 * wakes the other up: without a rest pods would be scaled to and fro every few milliseconds. The one whose word was
 * overwritten rests; the other one goes on by itself.
 */
export function createRivals(clock: Clock): Rivals {
  const words = new Map<string, Word>();
  const outrun = new Set<string>();
  return {
    passed(key, { writes, said, failure }) {
      if (said === undefined && failure?.level === "info") outrun.add(key);
      else outrun.delete(key);
      // A lost race is no news; what nobody answered may be our own word.
      if (said === undefined && failure !== undefined && failure.level !== "info") words.delete(key);
      const write = writes.find(({ resource }) => resource === resources.modelDeployments);
      if (write === undefined || said === undefined) return;
      const { resourceVersion } = write;
      const atMs = clock.monotonic();
      // Those of the same key and those that are too old make room: the oldest come first.
      words.delete(key);
      for (const [other, word] of words) {
        if (atMs - word.atMs < recentMs) break;
        words.delete(other);
      }
      words.set(key, { resourceVersion, said: hash(said), atMs });
    },
    restMs(key, { resourceVersion, whole }) {
      const word = words.get(key);
      if (word === undefined || word.resourceVersion === resourceVersion) return 0;
      const nowMs = clock.monotonic();
      if (word.untilMs === undefined && nowMs - word.atMs < recentMs && hash(whole()?.status ?? {}) !== word.said) {
        words.set(key, { ...word, untilMs: nowMs + restForMs });
        return restForMs;
      }
      const leftMs = (word.untilMs ?? nowMs) - nowMs;
      if (leftMs <= 0) words.delete(key);
      return Math.max(0, leftMs);
    },
    isOutrun: (key) => outrun.has(key),
    forget(key) {
      words.delete(key);
      outrun.delete(key);
    },
  };
}
