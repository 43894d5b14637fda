import type { Change } from "./stored-record.ts";

/** The last changes of one collection, oldest first: the window from which a watch can resume. */
export interface History {
  push(change: Change): void;
  /** Changes after `revision`; undefined when some of them were dropped. */
  after(revision: number): readonly Change[] | undefined;
  /** Drops all changes up to and including `revision`. */
  forget(revision: number): void;
}

/** Creates a history of the last `capacity` changes. */
export function createHistory(capacity: number): History {
  let changes: Change[] = [];
  let start = 0;
  let forgotten = 0;

  const dropOldest = (): void => {
    forgotten = changes[start]?.record.revision ?? forgotten;
    start += 1;
    if (start < capacity) return;
    changes = changes.slice(start);
    start = 0;
  };

  // Revisions are ascending: a binary search finds the first one after `revision`.
  const indexAfter = (revision: number): number => {
    let low = start;
    let high = changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((changes[middle]?.record.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    push: (change) => {
      changes.push(change);
      if (changes.length - start > capacity) dropOldest();
    },
    after: (revision) => (revision < forgotten ? undefined : changes.slice(indexAfter(revision))),
    forget: (revision) => {
      changes = changes.slice(indexAfter(revision));
      start = 0;
      forgotten = Math.max(forgotten, revision);
    },
  };
}
