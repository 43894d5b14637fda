import { expect, test } from "vitest";
import type { ModelState } from "../../../runtime/contract/model-facts.ts";
import { overallState, versionFacts } from "../../../runtime/model/served-facts.ts";
import type { Models } from "../../../runtime/protocols/protocol.ts";

function models(isReady: boolean, ...states: readonly ModelState[]): Models {
  return {
    names: () => states.map((_, i) => `m${i}`),
    find: () => undefined,
    hasLabel: () => false,
    versions: (name) => states.flatMap((state, i) => (name === `m${i}` ? [{ version: 1, state }] : [])),
    isReady: () => isReady,
  };
}

test("a process is as far as what is furthest back of that which is on its way", () => {
  expect(overallState(models(false))).toBe("Fetching");
  expect(overallState(models(false, "Ready", "Loading", "Warming"))).toBe("Loading");
  expect(overallState(models(false, "Failed", "Warming"))).toBe("Warming");
  expect(overallState(models(false, "Failed"))).toBe("Failed");
  expect(overallState(models(true, "Ready", "Failed", "Loading"))).toBe("Ready");
});

test("of a version that is not loaded as much is told as is known", () => {
  expect(versionFacts({ name: "digits", version: "3", state: "Loading" }, undefined)).toEqual({
    name: "digits",
    version: "3",
    state: "Loading",
    format: "",
    engine: "",
    digest: "",
    bytes: 0,
    signature: "",
  });
});
