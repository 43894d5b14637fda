import { beforeAll, describe, expect, test } from "vitest";
import { report } from "./report.ts";
import type { Change } from "./schedule/schedule.ts";
import { createSimulator, type Simulator } from "./simulator.ts";

const name = "shop";
const create: Change = { gapMs: 0, name, act: { kind: "create", model: "good-1.h5", replicas: 2 } };

/** What is done; a crash befalls the last change. */
const stories: Readonly<Record<string, readonly Change[]>> = {
  create: [create],
  "scale up": [create, { gapMs: 0, name, act: { kind: "replicas", replicas: 3 } }],
  "scale down": [create, { gapMs: 0, name, act: { kind: "replicas", replicas: 1 } }],
  update: [create, { gapMs: 0, name, act: { kind: "model", model: "good-2.h5" } }],
  "a bad update": [create, { gapMs: 0, name, act: { kind: "model", model: "bad-2.h5" } }],
  suspend: [create, { gapMs: 0, name, act: { kind: "suspend", suspend: true } }],
  delete: [create, { gapMs: 0, name, act: { kind: "delete" } }],
};

describe("a crash before or after any call to the API", () => {
  let simulator: Simulator;

  beforeAll(async () => {
    simulator = await createSimulator();
  });

  test.each(Object.entries(stories))(
    "changes nothing in what comes of: %s",
    async (_story, changes) => {
      const calm = { seed: 1, operators: 1 as const, phases: changes.map((change) => [change]), faults: [] };
      const phase = changes.length - 1;
      const { phases } = await simulator.run(calm);
      const requests = phases[phase]?.requests ?? 0;
      const failures: string[] = [];
      for (let at = 0; at < requests; at += 1) {
        for (const trouble of ["crash-before", "crash-after"] as const) {
          const schedule = { ...calm, faults: [{ on: "request", phase, at, amount: 0, trouble }] as const };
          const outcome = await simulator.run(schedule);
          if (outcome.violations.length > 0) failures.push(report(schedule, outcome));
        }
      }
      expect(failures).toEqual([]);
      expect(requests).toBeGreaterThan(0);
    },
    120_000,
  );
});
