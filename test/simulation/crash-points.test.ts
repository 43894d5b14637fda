import { beforeAll, describe, expect, test } from "vitest";
import { report } from "./report.ts";
import type { Change, ScheduledFault } from "./schedule/schedule.ts";
import { createSimulator, type Simulator } from "./simulator.ts";

const name = "shop";
const create: Change = { gapMs: 0, name, act: { kind: "create", model: "good-1.h5", replicas: 2 } };

/** The changes of each case; the crash hits the last one. */
const stories: Readonly<Record<string, readonly Change[]>> = {
  create: [create],
  "scale up": [create, { gapMs: 0, name, act: { kind: "replicas", replicas: 3 } }],
  "scale down": [create, { gapMs: 0, name, act: { kind: "replicas", replicas: 1 } }],
  update: [create, { gapMs: 0, name, act: { kind: "model", model: "good-2.h5" } }],
  "a bad update": [create, { gapMs: 0, name, act: { kind: "model", model: "bad-2.h5" } }],
  suspend: [create, { gapMs: 0, name, act: { kind: "suspend", suspend: true } }],
  delete: [create, { gapMs: 0, name, act: { kind: "delete" } }],
};

describe("a crash before or after any API request, or at any time", () => {
  let simulator: Simulator;

  beforeAll(async () => {
    simulator = await createSimulator();
  });

  test.each(Object.entries(stories))(
    "does not change the outcome of: %s",
    async (_story, changes) => {
      const faultless = { seed: 1, operators: 1 as const, phases: changes.map((change) => [change]), faults: [] };
      const phase = changes.length - 1;
      const { phases } = await simulator.run(faultless);
      const requests = phases[phase]?.requests ?? 0;
      const atCalls = Array.from({ length: requests }, (_, at) =>
        (["crash-before", "crash-after"] as const).map((kind): ScheduledFault => ({
          on: "request",
          phase,
          at,
          amount: 0,
          kind,
        })),
      );
      // The work of the garbage collector makes no API requests.
      const atTimes = [0, 20, 400, 2_000].map((at): ScheduledFault => ({
        on: "time",
        phase,
        at,
        amount: 0,
        kind: "crash",
      }));
      const failures: string[] = [];
      for (const fault of [...atCalls.flat(), ...atTimes]) {
        const schedule = { ...faultless, faults: [fault] };
        const outcome = await simulator.run(schedule);
        if (outcome.violations.length > 0) failures.push(report(schedule, outcome));
      }
      expect(failures).toEqual([]);
    },
    120_000,
  );
});
