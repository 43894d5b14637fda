import { systemClock } from "../../../../runtime/base/clock.ts";

const pollMs = 20;

/** Polls until the answer satisfies the predicate. After the limit, throws an error with the last answer. */
export async function until<T>(
  ask: () => Promise<T> | T,
  satisfies: (answer: T) => boolean,
  limitMs = 60_000,
): Promise<T> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    if (performance.now() > deadlineMs) {
      throw new Error(`still ${JSON.stringify(answer)?.slice(0, 4000) ?? "nothing"} after ${limitMs} ms`);
    }
    await systemClock.sleep(pollMs);
  }
}
