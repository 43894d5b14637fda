import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { framing } from "./framing-cases.ts";
import { headers } from "./header-cases.ts";
import type { ConnectionCase } from "./raw-request.ts";
import { requestLines } from "./request-line-cases.ts";
import { type Victim, said, startVictim } from "../scene.ts";

let victim: Victim;
let executedBefore = 0;
beforeAll(async () => {
  victim = await startVictim();
  expect(await victim.predict()).toBe(200);
  executedBefore = await victim.executed();
});
afterAll(async () => {
  expect(await victim.executed()).toBe(executedBefore);
  expect(await victim.predict()).toBe(200);
  expect(victim.peakMemoryMb()).toBeLessThan(400);
  expect(await victim.stop()).toBe(0);
});

describe.each<readonly [string, Readonly<Record<string, ConnectionCase>>]>([
  ["framing", framing],
  ["headers", headers],
  ["request lines", requestLines],
])("hostile %s", (_, cases) => {
  test.concurrent.each(Object.entries(cases))("%s", async (_name, { sends, want }) => {
    const output = await said(victim.httpPort, ...sends);
    if (typeof want === "string") expect(output).toBe(want);
    else expect(output).toMatch(want);
  });
});
