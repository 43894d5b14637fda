import { expect, test } from "vitest";
import { concurrencyLimit } from "../../../runtime/model/concurrency-limit.ts";

test("at most `limit` tasks run at a time, and the others start in order, even after failures", async () => {
  const limited = concurrencyLimit(2);
  const running = new Set<number>();
  const story: string[] = [];
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const all = gates.map(({ promise }, i) =>
    limited(async () => {
      running.add(i);
      story.push([...running].join("+"));
      await promise;
      running.delete(i);
      if (i === 1) throw new Error("fails");
      return i;
    }),
  );
  const settled = Promise.allSettled(all);
  for (const { resolve } of gates) {
    await new Promise((next) => setImmediate(next));
    resolve();
  }
  const outcomes = await settled;
  expect(outcomes.map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
  expect(story).toEqual(["0", "0+1", "1+2", "2+3", "3+4"]);
});
