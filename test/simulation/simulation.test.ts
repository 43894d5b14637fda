import { beforeAll, describe, expect, test } from "vitest";
import { found } from "./found.ts";
import { modes } from "./modes.ts";
import { report } from "./report.ts";
import { createSimulator, type Simulator } from "./simulator.ts";

/** One seed to play again, as a failure prints it. */
const replayed = process.env["MODELWRIGHT_SEED"];
/** How long `npm test` goes on with new schedules, and how many are enough. */
const limitMs = 10_000;
const schedules = 4_000;

describe("an operator to which everything happens that may happen", () => {
  let simulator: Simulator;

  beforeAll(async () => {
    simulator = await createSimulator();
  });

  async function failure(mode: keyof typeof modes, seed: number): Promise<string> {
    const { schedule, reference } = await modes[mode].trial(simulator, seed);
    const outcome = await simulator.run(schedule, { reference });
    if (outcome.violations.length === 0) return "";
    const smallest = await simulator.shrunk(schedule, { reference });
    return report(smallest, await simulator.run(smallest, { reference }), mode);
  }

  test(
    "comes to the same end as if nothing had happened, and does no harm on the way",
    async () => {
      const endMs = performance.now() + limitMs;
      const seeds =
        replayed === undefined ? Array.from({ length: schedules }, (_, seed) => seed + 1) : [Number(replayed)];
      const failures: string[] = [];
      let played = 0;
      for (const seed of seeds) {
        if (performance.now() > endMs) break;
        failures.push(await failure("schedules", seed));
        played += 1;
      }
      expect(failures.filter((one) => one !== "")).toEqual([]);
      expect(played).toBeGreaterThan(0);
    },
    limitMs + 110_000,
  );

  test.each(["pairs", "stale", "unobserved"] as const)(
    "some of the mode %s",
    async (mode) => {
      const failures: string[] = [];
      for (let seed = 1; seed <= 6; seed += 1) failures.push(await failure(mode, seed));
      expect(failures.filter((one) => one !== "")).toEqual([]);
    },
    120_000,
  );

  test.each(Object.entries(found))("no more: %s", async (_what, schedule) => {
    const outcome = await simulator.run(schedule);
    expect(outcome.violations.length === 0 ? "" : report(schedule, outcome)).toBe("");
  });

  test("the same schedule plays the same way twice", async () => {
    const schedule = await simulator.schedule(7);
    const played = async (): Promise<unknown> => {
      const { violations, hits, phases } = await simulator.run(schedule);
      return { violations, hits, acts: phases.map(({ acts, requests, events }) => ({ acts, requests, events })) };
    };
    const first = await played();
    expect(await played()).toEqual(first);
  });
});
