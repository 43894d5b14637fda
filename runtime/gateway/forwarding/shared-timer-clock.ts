import type { Clock } from "../../base/clock.ts";

/** Shorter times are few, and none of a request's own limits. */
const leastMs = 1_000;
/** Different times that are waited for at once; what is beyond has timers of its own. */
const maxQueues = 64;

interface Entry {
  readonly dueMs: number;
  readonly callback: () => void;
  older: Entry | undefined;
  newer: Entry | undefined;
}

/** All that wait for a time of this length: who came first is due first. */
interface Queue {
  readonly ms: number;
  oldest: Entry | undefined;
  newest: Entry | undefined;
}

/**
 * A clock on which very many may wait for the same few lengths of time, most of whom cancel long before: each request has a time
 * limit. One timer is enough for all who wait for a time of one length, and a place in their queue costs a tenth of a timer.
 */
export function crowdedClock(clock: Clock): Clock {
  const queues = new Map<number, Queue>();
  const look = (queue: Queue): void => {
    const nowMs = clock.monotonic();
    for (let entry = queue.oldest; entry !== undefined && entry.dueMs <= nowMs; entry = queue.oldest) {
      leave(queue, entry);
      entry.callback();
    }
    if (queue.oldest === undefined) queues.delete(queue.ms);
    else clock.after(Math.ceil(queue.oldest.dueMs - nowMs), () => look(queue));
  };
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    after: (ms, callback) => {
      let queue = queues.get(ms);
      if (queue === undefined) {
        if (ms < leastMs || queues.size >= maxQueues) return clock.after(ms, callback);
        const opened: Queue = { ms, oldest: undefined, newest: undefined };
        queues.set(ms, opened);
        clock.after(ms, () => look(opened));
        queue = opened;
      }
      return entered(queue, { dueMs: clock.monotonic() + ms, callback, older: queue.newest, newer: undefined });
    },
  };
}

/** Puts an entry last. Returns how it leaves. */
function entered(queue: Queue, entry: Entry): () => void {
  if (queue.newest === undefined) queue.oldest = entry;
  else queue.newest.newer = entry;
  queue.newest = entry;
  return () => leave(queue, entry);
}

/** Also when it has left already. */
function leave(queue: Queue, entry: Entry): void {
  const { older, newer } = entry;
  if (older === undefined && queue.oldest !== entry) return;
  if (older === undefined) queue.oldest = newer;
  else older.newer = newer;
  if (newer === undefined) queue.newest = older;
  else newer.older = older;
  entry.older = undefined;
  entry.newer = undefined;
}
