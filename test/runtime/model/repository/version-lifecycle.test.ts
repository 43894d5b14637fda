import { describe, expect, test } from "vitest";
import { Fault } from "../../../../runtime/base/fault.ts";
import { faults } from "../../../../runtime/model/faults.ts";
import { modelRegistry } from "../../../../runtime/model/registry.ts";
import { beginVersion, retryDelayMs } from "../../../../runtime/model/repository/version-lifecycle.ts";
import { createManualClock } from "../../../builders/manual-clock.ts";
import { readyModel } from "./ready-model.ts";

const found = { number: 3, path: "/models/a/3", volume: "/models/a", fingerprint: "x" };

describe("the life of a version", () => {
  test("a load that may yet succeed is tried again with growing pauses", async () => {
    const clock = createManualClock();
    const registry = modelRegistry();
    const attempts: number[] = [];
    const life = beginVersion(found, {
      enter: () => registry.add("a", 3),
      bringUp: (entry) => {
        attempts.push(clock.monotonic());
        if (attempts.length < 4) throw faults.ModelUnreadable({ path: found.path, reason: "EIO" });
        return readyModel(entry, { name: "a", version: 3 });
      },
      clock,
      changed: () => {},
    });
    await clock.settle();
    expect([life.phase, registry.versions("a")[0]?.fault?.message]).toEqual([
      "failed",
      "/models/a/3 cannot be read: EIO",
    ]);
    await clock.advance(60_000);
    expect(attempts).toEqual([0, 1_000, 3_000, 7_000]);
    expect([life.phase, registry.versions("a")]).toEqual(["ready", [{ version: 3, state: "Ready" }]]);
    await life.end();
    expect(registry.versions("a")).toEqual([{ version: 3, state: "Unloaded" }]);
  });

  test("the pauses have an upper bound", () => {
    expect([1, 2, 6, 7, 100].map(retryDelayMs)).toEqual([1_000, 2_000, 32_000, 60_000, 60_000]);
  });

  test("one that cannot succeed is not tried again", async () => {
    const clock = createManualClock();
    let attempts = 0;
    const life = beginVersion(found, {
      enter: () => modelRegistry().add("a", 3),
      bringUp: () => {
        attempts++;
        throw faults.ModelAmbiguous({ folder: found.path, found: ["a.h5", "b.h5"] });
      },
      clock,
      changed: () => {},
    });
    await clock.advance(3_600_000);
    expect([attempts, life.phase, life.fault?.code, clock.pending]).toEqual([1, "failed", "ModelAmbiguous", 0]);
  });

  test("one that ends while it loads frees its memory as soon as it has some, and is never seen", async () => {
    const clock = createManualClock();
    const registry = modelRegistry();
    const gate = Promise.withResolvers<void>();
    let isUnloaded = false;
    const phases: string[] = [];
    const life = beginVersion(found, {
      enter: () => registry.add("a", 3),
      bringUp: async (entry) => {
        await gate.promise;
        return await readyModel(entry, { name: "a", version: 3 }, () => (isUnloaded = true));
      },
      clock,
      changed: () => phases.push(life.phase),
    });
    await life.end();
    expect(registry.versions("a")).toEqual([{ version: 3, state: "Unloaded" }]);
    gate.resolve();
    await clock.settle();
    await clock.settle();
    expect([isUnloaded, phases, registry.find({ name: "a" })]).toEqual([true, [], undefined]);
  });

  test("a pause before another attempt ends with the version", async () => {
    const clock = createManualClock();
    let attempts = 0;
    const life = beginVersion(found, {
      enter: () => modelRegistry().add("a", 3),
      bringUp: () => {
        attempts++;
        throw Fault.from(new Error("out of memory"));
      },
      clock,
      changed: () => {},
    });
    await clock.settle();
    await life.end();
    await clock.advance(60_000);
    expect([attempts, clock.pending]).toEqual([1, 0]);
  });
});
