import { describe, expect, test } from "vitest";
import type { Action } from "../../../../../operator/model-deployment/plan/action.ts";
import { plan } from "../../../../../operator/model-deployment/plan/plan.ts";
import { revisionHash } from "../../../../../operator/model-deployment/plan/revisions.ts";
import type { ObservedPod, Observation } from "../../../../../operator/model-deployment/snapshot.ts";
import { container, readyPod, revision, snapshot, startingPod, wantedHash } from "../../../../builders/snapshot.ts";

const missing = "modelwright/runtime:1.0.O";
const pulling = startingPod("p-0", {
  containers: [container({ waiting: { reason: "ErrImagePull", message: "not found" } })],
});
const withPods = (pods: readonly ObservedPod[], image: string): Partial<Observation> => ({
  status: { stable: { revision: wantedHash, version: "1", weight: 100 } },
  revisions: [revision(wantedHash, pods, { image, replicas: 2 })],
});
const replaced = [
  `delete ReplicaSet digits-${wantedHash}: image ${missing} cannot be pulled, and the operator has another: modelwright/runtime:1.0.0`,
];

const cases: Readonly<Record<string, { given: Partial<Observation>; want: readonly string[] }>> = {
  "an image that cannot be pulled gives way to the one that the operator has by now": {
    given: withPods([pulling], missing),
    want: replaced,
  },
  "but not while a pod serves with it": { given: withPods([pulling, readyPod("p-1")], missing), want: [] },
  "and not for pods that only load": { given: withPods([startingPod("p-0")], missing), want: [] },
  "nor for the same image": { given: withPods([pulling], "modelwright/runtime:1.0.0"), want: [] },
};

const { identity, spec } = snapshot();
const restartedHash = revisionHash(spec, "monday");
const second = { ...identity, generation: 2, observedGeneration: 2 };
const stable = { revision: "old", version: "1", weight: 100 };
const old = revision("old", [readyPod("p-0")]);
/** What is created before status is written, and after that. */
interface Creations {
  readonly before: readonly string[];
  readonly after: readonly string[];
}
const creation = (version: number): string =>
  `create ReplicaSet digits-${wantedHash}: revision ${wantedHash} (version ${version}) has no ReplicaSet yet`;
const created = (version: number): Creations => ({ before: [creation(version)], after: [] });
const createdAfter = (version: number): Creations => ({ before: [], after: [creation(version)] });

const creations: Readonly<Record<string, { given: Partial<Observation>; want: Creations }>> = {
  "that of the first spec is made at once": { given: {}, want: created(1) },
  "any other waits until its version is in status": {
    given: { identity: { ...identity, generation: 2, observedGeneration: 1 }, status: { stable }, revisions: [old] },
    want: createdAfter(2),
  },
  "so does one that a restart asks for, which is no new spec": {
    given: {
      commands: { given: {}, isPaused: false, restart: "monday" },
      status: { stable },
      revisions: [old],
      identity: { ...identity, observedGeneration: 1 },
    },
    want: { before: [], after: [creation(2).replaceAll(wantedHash, restartedHash)] },
  },
  "one whose version status says is made at once": {
    given: {
      identity: second,
      status: { stable, candidate: { revision: wantedHash, version: "2", weight: 0 } },
      revisions: [old],
    },
    want: created(2),
  },
  "the version of a candidate that is not wanted any more is not its own": {
    given: {
      identity: second,
      status: { stable, candidate: { revision: "other", version: "2", weight: 0 } },
      revisions: [old],
    },
    want: createdAfter(3),
  },
  "a stable revision whose ReplicaSet is gone has its version": {
    given: { identity: second, status: { stable: { ...stable, revision: wantedHash, version: "7" } } },
    want: created(7),
  },
};

describe("a ReplicaSet that is missing", () => {
  test.each(Object.entries(creations))("%s", (_sentence, { given, want }) => {
    const { actions, afterStatus } = plan(snapshot(given));
    const told = (made: readonly Action[]): readonly string[] =>
      made
        .filter(({ kind, target }) => kind === "create" && target.startsWith("ReplicaSet"))
        .map(({ kind, target, why }) => `${kind} ${target}: ${why}`);
    expect({ before: told(actions), after: told(afterStatus) }).toEqual(want);
  });
});

describe("the plan for ReplicaSets", () => {
  test.each(Object.entries(cases))("%s", (_sentence, { given, want }) => {
    const { actions } = plan(snapshot(given));
    expect(
      actions.filter(({ kind }) => kind === "delete").map(({ kind, target, why }) => `${kind} ${target}: ${why}`),
    ).toEqual(want);
  });
});
