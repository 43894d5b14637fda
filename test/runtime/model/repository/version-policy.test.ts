import { describe, expect, test } from "vitest";
import type { VersionPolicy } from "../../../../runtime/protocols/protocol.ts";
import { selectedVersions, versionPolicy } from "../../../../runtime/model/repository/version-policy.ts";

const texts: Readonly<Record<string, VersionPolicy | undefined>> = {
  latest: { kind: "latest", count: 1 },
  "latest:3": { kind: "latest", count: 3 },
  all: { kind: "all" },
  "specific:7": { kind: "specific", numbers: [7] },
  "specific:1,42": { kind: "specific", numbers: [1, 42] },
  "": undefined,
  newest: undefined,
  "latest:0": undefined,
  "latest:1,2": undefined,
  "all:2": undefined,
  specific: undefined,
  "specific:": undefined,
  "specific:1,,2": undefined,
  "specific:99999999999999999999": undefined,
};

describe("a version policy in an option", () => {
  test.each(Object.entries(texts))("%j", (text, want) => {
    expect(versionPolicy(text)).toEqual(want);
  });
});

const picks: Readonly<Record<string, readonly [VersionPolicy, readonly number[], readonly number[]]>> = {
  "latest takes the largest number": [{ kind: "latest", count: 1 }, [3, 10, 9], [10]],
  "latest:2 takes the two largest, ascending": [{ kind: "latest", count: 2 }, [3, 10, 9], [9, 10]],
  "latest:5 of three takes all three": [{ kind: "latest", count: 5 }, [3, 10, 9], [3, 9, 10]],
  "all takes all": [{ kind: "all" }, [2, 1], [1, 2]],
  "specific takes those that exist": [{ kind: "specific", numbers: [9, 4] }, [3, 10, 9], [9]],
  "nothing is there": [{ kind: "latest", count: 1 }, [], []],
  "a repeated number is one version": [{ kind: "all" }, [1, 1], [1]],
};

describe("the versions that a policy selects", () => {
  test.each(Object.entries(picks))("%s", (_, [policy, numbers, want]) => {
    expect(selectedVersions(policy, numbers)).toEqual(want);
  });
});
