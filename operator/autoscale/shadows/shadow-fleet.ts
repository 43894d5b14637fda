import type { Drain } from "../drain.ts";

/** The replicas of a way that is tried. */
export interface ShadowFleet {
  readonly ready: number;
  readonly starting: readonly number[];
}

/** Replicas that are through with starting become ready; then as many are ordered or given up as are wanted. */
export function resized(
  ready: number,
  starting: readonly number[],
  wanted: number,
  { now, drain }: { readonly now: number; readonly drain: Drain },
): ShadowFleet {
  let due = 0;
  let nowReady = ready;
  while (due < starting.length && (starting[due] ?? 0) <= now) {
    nowReady += starting[due + 1] ?? 0;
    due += 2;
  }
  let total = nowReady;
  for (let index = due + 1; index < starting.length; index += 2) total += starting[index] ?? 0;
  if (due === 0 && total === wanted) return { ready, starting };
  const waiting = starting.slice(due);
  if (total > wanted) giveUp(waiting, total - wanted);
  if (total < wanted) waiting.push(now + drain.coldStartSeconds, wanted - total);
  return { ready: Math.min(nowReady, wanted), starting: waiting };
}

/** Orders in no more than so many entries: the first ones are counted with the last of them. */
export function joined(starting: readonly number[], most: number): readonly number[] {
  const surplus = starting.length - 2 * most;
  if (surplus <= 0) return starting;
  const [rest, early] = [starting.slice(surplus), starting.slice(0, surplus)];
  const count = early.reduce((sum, value, index) => (index % 2 === 1 ? sum + value : sum), rest[1] ?? 0);
  return rest.with(1, count);
}

/** Takes so many of the starting replicas away, the youngest first. */
function giveUp(starting: number[], count: number): void {
  let left = count;
  while (left > 0 && starting.length > 0) {
    const youngest = starting.pop() ?? 0;
    if (youngest > left) {
      starting.push(youngest - left);
      return;
    }
    starting.pop();
    left -= youngest;
  }
}
