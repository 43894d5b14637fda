import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rowBodies } from "./row-cases.ts";
import { type Victim, startVictim } from "../scene.ts";
import { tensorBodies } from "./tensor-cases.ts";

/** Valid cases: bodies that other servers accept as well. */
const harmless = 3;

let victim: Victim;
let executedBefore = 0;
beforeAll(async () => {
  victim = await startVictim();
  expect(await victim.predict()).toBe(200);
  executedBefore = await victim.executed();
});
afterAll(async () => {
  expect(await victim.executed()).toBe(executedBefore + harmless);
  expect(await victim.predict()).toBe(200);
  expect(victim.peakMemoryMb()).toBeLessThan(500);
  expect(await victim.stop()).toBe(0);
});

describe.each([
  ["TensorFlow Serving's rows and columns", rowBodies],
  ["the Open Inference Protocol's tensors", tensorBodies],
])("hostile bodies of %s", (_, cases) => {
  test.each(Object.entries(cases))("%s", async (_name, { to, headers = {}, body, want }) => {
    const response = await fetch(`${victim.url}${to}`, { method: "POST", body, headers });
    const output = `${response.status} ${await response.text()}`;
    if (typeof want === "string") expect(output).toBe(want);
    else expect(output).toMatch(want);
  });
});
