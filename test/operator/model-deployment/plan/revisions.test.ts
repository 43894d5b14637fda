import { describe, expect, test } from "vitest";
import {
  highestVersion,
  reservedVersion,
  revisionHash,
  revisionHashes,
  revisionVersion,
} from "../../../../operator/model-deployment/plan/revisions.ts";
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

  test("a restart makes another revision of the same spec, with a stable hash", () => {
    const hashes = [undefined, "monday", "tuesday", undefined, "monday"].map((restart) => revisionHash(spec, restart));
    expect(new Set(hashes).size).toBe(3);
    expect([hashes[3], hashes[4]]).toEqual([hashes[0], hashes[1]]);
  });
});

describe("a spec with an explicit default", () => {
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

const { identity } = snapshot();
const known = { stable: { revision: "x", version: "2" }, highestVersion: 2, nextVersion: 3 };
const at = (
  generation: number,
  observedGeneration: number,
  change: Partial<Observation> = {},
): Partial<Observation> => ({
  identity: { ...identity, generation, observedGeneration },
  status: known,
  revisions: [revision("x", [], { version: "2" })],
  ...change,
});
const restarted: Partial<Observation> = { commands: { given: {}, isPaused: false, restart: "monday" } };
const named = { ...known, candidate: { revision: wantedHash, version: "2" } };

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
  "the next spec's has the number that is reserved for it": { given: at(5, 4), want: "3" },
  "that of the spec after it has another": { given: at(6, 4), want: "4" },
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

/** The version reserved for the wanted revision, and the highest one that may have been assigned. */
const reservations: Readonly<
  Record<string, { given: Partial<Observation>; want: readonly [number | undefined, number] }>
> = {
  "is 1 for the first spec": { given: {}, want: [1, 0] },
  "is 1 for it also when it is gone and status does not name it": {
    given: { status: { highestVersion: 1, nextVersion: 2 }, identity: { ...identity, observedGeneration: 1 } },
    want: [1, 1],
  },
  "is none for the first spec once another number was given": { given: { status: known }, want: [undefined, 3] },
  "is in status for the spec after the one that status speaks of": { given: at(5, 4), want: [3, 3] },
  "is lost to a spec that came between: its revision may have it": { given: at(6, 4), want: [undefined, 3] },
  "is none for a second revision of the same spec": { given: at(4, 4), want: [undefined, 2] },
  "is lost to a restart: the same spec without it may have it": { given: at(5, 4, restarted), want: [undefined, 3] },
  "stays when what the next spec asks for has a number in status": {
    given: at(5, 4, { status: named }),
    want: [3, 2],
  },
  "is lost when a revision has it that status does not know of": {
    given: at(5, 4, { revisions: [revision("y", [], { version: "3" })] }),
    want: [undefined, 3],
  },
  "is none where status, of an earlier release, reserves none": {
    given: at(5, 4, { status: { highestVersion: 2 } }),
    want: [undefined, 2],
  },
};

describe("the reserved version", () => {
  test.each(Object.entries(reservations))("%s", (_sentence, { given, want }) => {
    const seen = snapshot(given);
    expect([reservedVersion(seen), highestVersion(seen, seen.rollout)]).toEqual(want);
  });
});

describe("the version of a revision", () => {
  test.each(Object.entries(versions))("%s", (_sentence, { given, want }) => {
    expect(revisionVersion(snapshot(given), wantedHash)).toBe(want);
  });
});
