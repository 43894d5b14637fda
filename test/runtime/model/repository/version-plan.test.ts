import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { VersionPolicy } from "../../../../runtime/protocols/protocol.ts";
import {
  type BegunVersion,
  type VersionPhase,
  type VersionPlan,
  versionPlan,
} from "../../../../runtime/model/repository/version-plan.ts";

const latest: VersionPolicy = { kind: "latest", count: 1 };
const all: VersionPolicy = { kind: "all" };

function begun(versions: Readonly<Record<number, VersionPhase>>): readonly BegunVersion[] {
  return Object.entries(versions).map(([number, phase]) => ({ number: Number(number), phase }));
}

type Case = readonly [VersionPolicy, readonly number[], Readonly<Record<number, VersionPhase>>, VersionPlan];

const cases: Readonly<Record<string, Case>> = {
  "the first version is loaded": [latest, [1], {}, { wanted: [1], begin: [1], end: [] }],
  "a newer version is loaded while the old one serves": [
    latest,
    [1, 2],
    { 1: "ready" },
    { wanted: [2], begin: [2], end: [] },
  ],
  "the old one stays while the new one loads": [
    latest,
    [1, 2],
    { 1: "ready", 2: "loading" },
    { wanted: [2], begin: [], end: [] },
  ],
  "the old one ends when the new one is ready": [
    latest,
    [1, 2],
    { 1: "ready", 2: "ready" },
    { wanted: [2], begin: [], end: [1] },
  ],
  "a bad version leaves the old one serving": [
    latest,
    [1, 2],
    { 1: "ready", 2: "failed" },
    { wanted: [1, 2], begin: [], end: [] },
  ],
  "where the newest cannot be loaded, the next older one is": [
    latest,
    [1, 2, 3],
    { 3: "failed" },
    { wanted: [2, 3], begin: [2], end: [] },
  ],
  "and the one before when that cannot be loaded either": [
    latest,
    [1, 2, 3],
    { 2: "failed", 3: "failed" },
    { wanted: [1, 2, 3], begin: [1], end: [] },
  ],
  "a mended newest version ends the older one": [
    latest,
    [1, 2],
    { 1: "ready", 2: "ready" },
    { wanted: [2], begin: [], end: [1] },
  ],
  "a version whose folder went ends when another is ready": [
    all,
    [2],
    { 1: "ready", 2: "ready" },
    { wanted: [2], begin: [], end: [1] },
  ],
  "a failed version whose folder went ends though nothing is ready": [
    all,
    [2],
    { 1: "failed", 2: "loading" },
    { wanted: [2], begin: [], end: [1] },
  ],
  "all folders went: all end": [all, [], { 1: "ready", 2: "loading" }, { wanted: [], begin: [], end: [1, 2] }],
  "back to an older version: it loads before the newer one ends": [
    { kind: "specific", numbers: [1] },
    [1, 2],
    { 2: "ready" },
    { wanted: [1], begin: [1], end: [] },
  ],
};

describe("what happens next to the versions of a model", () => {
  test.each(Object.entries(cases))("%s", (_, [policy, found, versions, want]) => {
    expect(versionPlan(policy, found, begun(versions))).toEqual(want);
  });

  test("never ends the last ready version of a model that is there, whatever loads or fails", () => {
    const number = fc.integer({ min: 1, max: 5 });
    const phases = fc.constantFrom<VersionPhase>("loading", "ready", "failed");
    fc.assert(
      fc.property(
        fc.uniqueArray(number, { minLength: 1 }),
        fc.uniqueArray(fc.record({ number, phase: phases }), { selector: (version) => version.number }),
        fc.constantFrom<VersionPolicy>(latest, { kind: "latest", count: 2 }, all),
        (found, versions, policy) => {
          const { end } = versionPlan(policy, found, versions);
          const ready = versions.filter(({ phase }) => phase === "ready");
          if (ready.length > 0) expect(ready.every((version) => end.includes(version.number))).toBe(false);
        },
      ),
    );
  });
});
