import { expect, test } from "vitest";
import { chosenVersions, servableVersionPolicy } from "../../../runtime/base/servable-version-policy.ts";

/** Policies of clients and files, and their meaning. */
const policies: Readonly<
  Record<string, readonly [policy: Parameters<typeof servableVersionPolicy.encode>[0], want: object]>
> = {
  "nothing is the latest version": [{}, { kind: "latest", count: 1 }],
  "the latest without a number is one": [{ latest: {} }, { kind: "latest", count: 1 }],
  "the latest with a number": [{ latest: { numVersions: 3 } }, { kind: "latest", count: 3 }],
  all: [{ all: {} }, { kind: "all" }],
  "certain ones": [{ specific: { versions: [2, 5] } }, { kind: "specific", numbers: [2, 5] }],
};

test.each(Object.entries(policies))("%s", (_, [policy, want]) => {
  expect(chosenVersions(servableVersionPolicy.decode(servableVersionPolicy.encode(policy)))).toEqual(want);
});

test("no policy means the latest version", () => {
  expect(chosenVersions(undefined)).toEqual({ kind: "latest", count: 1 });
});
