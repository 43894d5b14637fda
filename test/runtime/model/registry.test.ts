import { describe, expect, test } from "vitest";
import type { InferTarget } from "../../../runtime/dataplane/infer.ts";
import { type ModelRegistry, modelRegistry } from "../../../runtime/model/registry.ts";

function target(version: number): InferTarget {
  return { name: "digits", version, signatures: new Map(), run: () => Promise.resolve([]) };
}

function addReady(registry: ModelRegistry, version: number, labels?: readonly string[]): void {
  const entry = registry.add("digits", version, labels);
  entry.happen("fetched");
  entry.happen("verified");
  entry.load(target(version));
  entry.happen("warmed");
}

describe("the models of a process", () => {
  test("the largest ready version answers; a version or a label picks another", () => {
    const registry = modelRegistry();
    addReady(registry, 2);
    addReady(registry, 1, ["stable"]);
    registry.add("digits", 3);
    expect(registry.find({ name: "digits" })?.version).toBe(2);
    expect(registry.find({ name: "digits", version: 1 })?.version).toBe(1);
    expect(registry.find({ name: "digits", label: "stable" })?.version).toBe(1);
    expect(registry.find({ name: "digits", version: 3 })).toBeUndefined();
    expect(registry.find({ name: "letters" })).toBeUndefined();
    expect([registry.hasLabel("digits", "stable"), registry.hasLabel("digits", "canary")]).toEqual([true, false]);
  });

  test("a draining version still answers, an unloaded one does not", () => {
    const registry = modelRegistry();
    const entry = registry.add("digits", 1);
    entry.happen("fetched");
    entry.happen("verified");
    entry.load(target(1));
    expect(registry.find({ name: "digits" })).toBeUndefined();
    entry.happen("warmed");
    entry.happen("stopping");
    expect(registry.find({ name: "digits" })?.version).toBe(1);
    entry.happen("unloaded");
    expect(registry.find({ name: "digits" })).toBeUndefined();
  });

  test("tells every version with its state and fault, and every change once", () => {
    const changes: string[] = [];
    const registry = modelRegistry((name, version, state) => changes.push(`${name} ${version} ${state}`));
    const entry = registry.add("digits", 1);
    entry.happen("fetched");
    entry.happen("fetched");
    entry.fail({ code: "DigestMismatch", message: "wrong digest" });
    registry.add("digits", 2);
    expect(changes).toEqual(["digits 1 Fetching", "digits 1 Verifying", "digits 1 Failed", "digits 2 Fetching"]);
    expect(registry.names()).toEqual(["digits"]);
    expect(registry.versions("digits")).toEqual([
      { version: 1, state: "Failed", fault: { code: "DigestMismatch", message: "wrong digest" } },
      { version: 2, state: "Fetching" },
    ]);
  });
});
