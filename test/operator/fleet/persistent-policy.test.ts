import { expect, test } from "vitest";
import { persistentPolicy } from "../../../operator/fleet/persistent-policy.ts";
import type { Sample } from "../../../operator/autoscale/sample.ts";

const spec = { min: 0, max: 8 };
const busy: Sample = {
  arrivals: 4,
  completions: 4,
  serviceSeconds: 6,
  inFlight: 6,
  queued: 0,
  oldestWait: 0,
  ready: 2,
  pending: 0,
  draining: 0,
  coldStarts: [],
};

test("a policy restored from a memory decides like the policy that wrote it", () => {
  const first = persistentPolicy(undefined);
  let current = 1;
  let memory: string | undefined;
  for (let now = 1_000; now < 1_300; now += 1) {
    const coldStarts = now === 1_010 ? [12] : [];
    current = first.decide({ spec, sample: { ...busy, coldStarts }, current, now }).desired;
    memory = first.figures().memory;
  }
  const next = { spec, sample: busy, current, now: 1_300 };
  const [own, other] = [first, persistentPolicy(memory)].map((policy) => {
    const { desired, why } = policy.decide(next);
    const { signal, serviceTime, startTime } = policy.figures();
    return { desired, why, signal, serviceTime, startTime };
  });
  expect(other).toEqual(own);
  expect(own).toMatchObject({ signal: "6.0", serviceTime: "1.5s", startTime: "12s" });
});

test("a memory in an unknown format is ignored", () => {
  const { desired } = persistentPolicy("9 {}").decide({ spec, sample: undefined, current: 3, now: 1_000 });
  expect(desired).toBe(3);
});
