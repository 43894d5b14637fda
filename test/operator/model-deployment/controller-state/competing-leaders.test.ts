import { expect, test } from "vitest";
import type { ModelDeploymentStatus } from "../../../../crds/v1alpha1/model-deployment.ts";
import { kubeFaults } from "../../../../operator/kube/faults.ts";
import { resources } from "../../../../operator/kube/resources.ts";
import {
  createCompetingLeaders,
  type CompetingLeaders,
} from "../../../../operator/model-deployment/controller-state/competing-leaders.ts";
import { createManualClock, type ManualClock } from "../../../builders/manual-clock.ts";
import { modelDeployment } from "../../../builders/model-deployment.ts";

const key = "default/digits";
const ours: ModelDeploymentStatus = { replicas: 3, selector: "a=b" };
const theirs: ModelDeploymentStatus = { replicas: 2, selector: "a=b" };

function afterStatusWrite(): {
  clock: ManualClock;
  competingLeaders: CompetingLeaders;
  backOffMs: (version: string, status: ModelDeploymentStatus) => number;
} {
  const clock = createManualClock();
  const competingLeaders = createCompetingLeaders(clock);
  const write = { resource: resources.modelDeployments, namespace: "default", name: "digits", resourceVersion: "7" };
  competingLeaders.record(key, { writes: [write], status: ours });
  const backOffMs = (resourceVersion: string, status: ModelDeploymentStatus): number =>
    competingLeaders.backOffMs(key, { resourceVersion, read: () => ({ ...modelDeployment(), status }) });
  return { clock, competingLeaders, backOffMs };
}

test("a lost write conflict does not replace the last written status", () => {
  const { competingLeaders, backOffMs } = afterStatusWrite();
  competingLeaders.record(key, {
    writes: [],
    failure: kubeFaults.Conflict({ operation: "apply status", message: "modified" }),
  });
  expect(backOffMs("8", theirs)).toBe(3_000);
});

test("a lost conflict is remembered until a status is written, or the key is forgotten", () => {
  const { competingLeaders } = afterStatusWrite();
  const lost = { writes: [], failure: kubeFaults.Conflict({ operation: "apply status", message: "modified" }) };
  const hasLostConflict = [competingLeaders.hasLostConflict(key)];
  for (const step of [
    () => competingLeaders.record(key, lost),
    () => competingLeaders.record(key, { writes: [], status: ours }),
    () => competingLeaders.record(key, lost),
    () => competingLeaders.forget(key),
  ]) {
    step();
    hasLostConflict.push(competingLeaders.hasLostConflict(key));
  }
  expect(hasLostConflict).toEqual([false, true, false, true, false]);
});

test("a leader whose status was overwritten backs off for three seconds", async () => {
  const { clock, backOffMs } = afterStatusWrite();
  const first = backOffMs("8", theirs);
  await clock.advance(1_000);
  const then = backOffMs("9", theirs);
  await clock.advance(2_000);
  expect([first, then, backOffMs("9", theirs), backOffMs("10", theirs)]).toEqual([3_000, 2_000, 0, 0]);
});

test.each<[string, (parts: ReturnType<typeof afterStatusWrite>) => number | Promise<number>]>([
  ["its own last write", ({ backOffMs }) => backOffMs("7", ours)],
  [
    "its own status, in any key order, of an object that a user changed",
    ({ backOffMs }) => backOffMs("8", { selector: "a=b", replicas: 3 }),
  ],
  [
    "the status of a later leader",
    async ({ clock, backOffMs }) => {
      await clock.advance(15_000);
      return backOffMs("8", theirs);
    },
  ],
  [
    "a ModelDeployment that was created again",
    ({ competingLeaders, backOffMs }) => {
      competingLeaders.forget(key);
      return backOffMs("8", theirs);
    },
  ],
  [
    "a status that may be its own unanswered write",
    ({ competingLeaders, backOffMs }) => {
      competingLeaders.record(key, {
        writes: [],
        failure: kubeFaults.NoResponse({ operation: "apply status", cause: "reset" }),
      });
      return backOffMs("8", theirs);
    },
  ],
  [
    "a ModelDeployment of which it wrote only children",
    ({ competingLeaders, backOffMs }) => {
      competingLeaders.forget(key);
      const write = { resource: resources.services, namespace: "default", name: "digits", resourceVersion: "7" };
      competingLeaders.record(key, { writes: [write], status: ours });
      return backOffMs("8", theirs);
    },
  ],
])("there is no back-off because of %s", async (_, backOffMs) => {
  expect(await backOffMs(afterStatusWrite())).toBe(0);
});
