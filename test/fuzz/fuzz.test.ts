import { expect, test } from "vitest";

import { createRandom } from "../simulation/schedule/random.ts";
import { mutated } from "./mutation.ts";
import { play } from "./processes.ts";
import { emptyTally } from "./tally.ts";

/** `npm run fuzz` runs a million requests, a hundred thousand of them over sockets, and as many models. */
test("mutated requests are answered, never with an internal error", async () => {
  const tally = emptyTally();
  await play("requests", { first: 1, count: 5000, tally });
  expect(tally.violations).toEqual([]);
  expect(tally.inputs).toBe(5000);
  // Mutations must leave some inputs valid in part: a fuzzer whose inputs all fail the first check finds nothing.
  const isAccepted = (outcome: string): boolean => / (?:200|OK)$/.test(outcome);
  const accepted = [...tally.outcomes]
    .filter(([outcome]) => isAccepted(outcome))
    .reduce((sum, [, count]) => sum + count, 0);
  expect(accepted).toBeGreaterThan(200);
}, 60_000);

test("mutated bytes of HTTP/1.1 are answered or refused, and every connection ends", async () => {
  const tally = emptyTally();
  await play("wire", { first: 1, count: 2000, tally });
  expect(tally.violations).toEqual([]);
  expect(tally.inputs).toBe(2000);
  expect(tally.outcomes.get("200") ?? 0).toBeGreaterThan(10);
}, 60_000);

test("mutated models are read or refused by name", async () => {
  const tally = emptyTally();
  await play("models", { first: 1, count: 60, tally });
  expect(tally.violations).toEqual([]);
  expect(tally.inputs).toBe(60);
}, 60_000);

test("a seed reproduces its bytes, and different seeds differ", () => {
  const seed = Buffer.from('{"instances":[[1,2],[3,4]]}');
  const made = (number: number): string => mutated(seed, createRandom(number), seed).toString("hex");
  expect(made(7)).toBe(made(7));
  expect(new Set(Array.from({ length: 100 }, (_, i) => made(i))).size).toBeGreaterThan(90);
});
