import { describe, expect, test } from "vitest";
import { revisionHash, revisionHashes, revisionVersion } from "../../../../operator/model-deployment/plan/revisions.ts";
import type { ModelDeploymentSpec } from "../../../../crds/v1alpha1/model-deployment.ts";
import type { Observation } from "../../../../operator/model-deployment/snapshot.ts";
import { modelDeployment } from "../../../builders/model-deployment.ts";
import { revision, snapshot, wantedHash } from "../../../builders/snapshot.ts";

const { spec } = modelDeployment();

const changes: Readonly<Record<string, { change: Partial<ModelDeploymentSpec>; makesRevision: boolean }>> = {
  "another model": { change: { model: { ...spec.model, name: "other" } }, makesRevision: true },
  "other resources": { change: { resources: { cpu: "2" } }, makesRevision: true },
  "other nodes": { change: { scheduling: { nodeSelector: { disk: "fast" } } }, makesRevision: true },
  "other limits of serving": { change: { serving: { limits: { queue: 1 } } }, makesRevision: true },
  "another number of replicas": { change: { replicas: 9 }, makesRevision: false },
  suspension: { change: { suspend: true }, makesRevision: false },
};

describe("a revision", () => {
  test.each(Object.entries(changes))("%s", (_sentence, { change, makesRevision }) => {
    expect(revisionHash({ ...spec, ...change }) !== revisionHash(spec)).toBe(makesRevision);
  });

  test("the same spec, made anew on request, is another revision, the same each time it is looked at", () => {
    const hashes = [undefined, "monday", "tuesday", undefined, "monday"].map((restart) => revisionHash(spec, restart));
    expect(new Set(hashes).size).toBe(3);
    expect([hashes[3], hashes[4]]).toEqual([hashes[0], hashes[1]]);
  });
});

describe("a spec with a default that is written out", () => {
  const written: ModelDeploymentSpec = { ...spec, serving: { engine: "Auto" } };
  const [now, before = ""] = revisionHashes(written, undefined, "digits");
  const share = { revision: before, version: "1" };
  const known: Readonly<Record<string, { given: Partial<Observation>; want: string | undefined }>> = {
    "is the revision without it": { given: {}, want: now },
    "is what an earlier release called it while that is stable": { given: { status: { stable: share } }, want: before },
    "while that is on its way": { given: { status: { candidate: share } }, want: before },
    "while that must not be tried again": {
      given: { status: { failedRevisions: [{ revision: before, reason: "Aborted", message: "" }] } },
      want: before,
    },
    "while that has a ReplicaSet": { given: { revisions: [revision(before, [])] }, want: before },
    "is the revision without it where both are there": {
      given: { status: { stable: { revision: wantedHash, version: "1" } }, revisions: [revision(before, [])] },
      want: now,
    },
  };

  test.each(Object.entries(known))("%s", (_sentence, { given, want }) => {
    expect(now).toBe(wantedHash);
    expect(snapshot({ spec: written, ...given }).wanted.hash).toBe(want);
  });
});

const versions: Readonly<Record<string, { given: Partial<Observation>; want: string }>> = {
  "the first is 1": { given: {}, want: "1" },
  "that of a second spec is not 1, though nobody saw what was made of the first": {
    given: { identity: { ...snapshot().identity, generation: 2 } },
    want: "2",
  },
  "one that has a ReplicaSet keeps its number": {
    given: { revisions: [revision(wantedHash, [], { version: "4" }), revision("x", [], { version: "9" })] },
    want: "4",
  },
  "one that status promised a number gets it, though its ReplicaSet is gone": {
    given: { status: { candidate: { revision: wantedHash, version: "3" }, stable: { revision: "x", version: "2" } } },
    want: "3",
  },
  "a new one is above every number that was ever given, though the revision that had it is gone": {
    given: { status: { stable: { revision: "y", version: "1" }, highestVersion: 2 } },
    want: "3",
  },
  "one that comes back while it exists keeps its lower number": {
    given: {
      revisions: [revision(wantedHash, [], { version: "1" })],
      status: { stable: { revision: "y", version: "2" }, highestVersion: 2 },
    },
    want: "1",
  },
  "a new one is above every number that clients may have seen": {
    given: { revisions: [revision("x", [], { version: "7" })], status: { stable: { revision: "y", version: "10" } } },
    want: "11",
  },
};

describe("the version of a revision", () => {
  test.each(Object.entries(versions))("%s", (_sentence, { given, want }) => {
    expect(revisionVersion(snapshot(given), wantedHash)).toBe(want);
  });
});
