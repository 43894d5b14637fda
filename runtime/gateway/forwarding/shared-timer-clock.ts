import type { Clock } from "../../base/clock.ts";

/** Shorter timeouts get timers of their own: they are rare, and none of them is a request limit. */
const minSharedMs = 1_000;
/** Distinct timeout lengths that share timers at a time; further lengths get timers of their own. */
const maxQueues = 64;

interface Entry {
  readonly dueMs: number;
  readonly callback: () => void;
  older: Entry | undefined;
  newer: Entry | undefined;
}

/** All timeouts of one length, in due order, which is the order of arrival. */
interface Queue {
  readonly ms: number;
  oldest: Entry | undefined;
  newest: Entry | undefined;
}

/**
 * A clock for very many timeouts of a few lengths, most of which are cancelled long before they are due: every request has a
 * time limit. All timeouts of one length share one timer; an entry in their queue costs a tenth of a timer.
 */
export function sharedTimerClock(clock: Clock): Clock {
  const queues = new Map<number, Queue>();
  const fire = (queue: Queue): void => {
    const nowMs = clock.monotonic();
    for (let entry = queue.oldest; entry !== undefined && entry.dueMs <= nowMs; entry = queue.oldest) {
      remove(queue, entry);
      entry.callback();
    }
    if (queue.oldest === undefined) queues.delete(queue.ms);
    else clock.after(Math.ceil(queue.oldest.dueMs - nowMs), () => fire(queue));
  };
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    after: (ms, callback) => {
      let queue = queues.get(ms);
      if (queue === undefined) {
        if (ms < minSharedMs || queues.size >= maxQueues) return clock.after(ms, callback);
        const created: Queue = { ms, oldest: undefined, newest: undefined };
        queues.set(ms, created);
        clock.after(ms, () => fire(created));
        queue = created;
      }
      return append(queue, { dueMs: clock.monotonic() + ms, callback, older: queue.newest, newer: undefined });
    },
  };
}

/** Appends an entry. Returns a function that removes it. */
function append(queue: Queue, entry: Entry): () => void {
  if (queue.newest === undefined) queue.oldest = entry;
  else queue.newest.newer = entry;
  queue.newest = entry;
  return () => remove(queue, entry);
}

/** Removes an entry. Idempotent. */
function remove(queue: Queue, entry: Entry): void {
  const { older, newer } = entry;
  if (older === undefined && queue.oldest !== entry) return;
  if (older === undefined) queue.oldest = newer;
  else older.newer = newer;
  if (newer === undefined) queue.newest = older;
  else newer.older = older;
  entry.older = undefined;
  entry.newer = undefined;
}
