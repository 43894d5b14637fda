import { expect, test } from "vitest";
import type { ModelDeploymentStatus } from "../../../../crds/v1alpha1/model-deployment.ts";
import { kubeFaults } from "../../../../operator/kube/faults.ts";
import { resources } from "../../../../operator/kube/resources.ts";
import { createRivals, type Rivals } from "../../../../operator/model-deployment/timing/rivals.ts";
import { createManualClock, type ManualClock } from "../../../builders/manual-clock.ts";
import { modelDeployment } from "../../../builders/model-deployment.ts";

const key = "default/digits";
const ours: ModelDeploymentStatus = { replicas: 3, selector: "a=b" };
const theirs: ModelDeploymentStatus = { replicas: 2, selector: "a=b" };

function spoken(): {
  clock: ManualClock;
  rivals: Rivals;
  restMs: (version: string, status: ModelDeploymentStatus) => number;
} {
  const clock = createManualClock();
  const rivals = createRivals(clock);
  const write = { resource: resources.modelDeployments, namespace: "default", name: "digits", resourceVersion: "7" };
  rivals.passed(key, { writes: [write], said: ours });
  const restMs = (resourceVersion: string, status: ModelDeploymentStatus): number =>
    rivals.restMs(key, { resourceVersion, whole: () => ({ ...modelDeployment(), status }) });
  return { clock, rivals, restMs };
}

test("a race that was lost is no word of its own", () => {
  const { rivals, restMs } = spoken();
  rivals.passed(key, { writes: [], failure: kubeFaults.Conflict({ operation: "apply status", message: "modified" }) });
  expect(restMs("8", theirs)).toBe(3_000);
});

test("who lost a race doubts what it sees until a pass says its status, or the key is gone", () => {
  const { rivals } = spoken();
  const lost = { writes: [], failure: kubeFaults.Conflict({ operation: "apply status", message: "modified" }) };
  const isOutrun = [rivals.isOutrun(key)];
  for (const step of [
    () => rivals.passed(key, lost),
    () => rivals.passed(key, { writes: [], said: ours }),
    () => rivals.passed(key, lost),
    () => rivals.forget(key),
  ]) {
    step();
    isOutrun.push(rivals.isOutrun(key));
  }
  expect(isOutrun).toEqual([false, true, false, true, false]);
});

test("whose status another wrote over rests for three seconds, and then goes on", async () => {
  const { clock, restMs } = spoken();
  const first = restMs("8", theirs);
  await clock.advance(1_000);
  const then = restMs("9", theirs);
  await clock.advance(2_000);
  expect([first, then, restMs("9", theirs), restMs("10", theirs)]).toEqual([3_000, 2_000, 0, 0]);
});

test.each<[string, (parts: ReturnType<typeof spoken>) => number | Promise<number>]>([
  ["what it wrote itself, and nothing since", ({ restMs }) => restMs("7", ours)],
  [
    "its own status, in whatever order the server keeps it, of an object that a user changed",
    ({ restMs }) => restMs("8", { selector: "a=b", replicas: 3 }),
  ],
  [
    "the status of one that led after it",
    async ({ clock, restMs }) => {
      await clock.advance(15_000);
      return restMs("8", theirs);
    },
  ],
  [
    "a ModelDeployment that was made anew",
    ({ rivals, restMs }) => {
      rivals.forget(key);
      return restMs("8", theirs);
    },
  ],
  [
    "a status that may be its own, as nobody answered its writing",
    ({ rivals, restMs }) => {
      rivals.passed(key, { writes: [], failure: kubeFaults.NoResponse({ operation: "apply status", cause: "reset" }) });
      return restMs("8", theirs);
    },
  ],
  [
    "a ModelDeployment of which it wrote children alone",
    ({ rivals, restMs }) => {
      rivals.forget(key);
      const write = { resource: resources.services, namespace: "default", name: "digits", resourceVersion: "7" };
      rivals.passed(key, { writes: [write], said: ours });
      return restMs("8", theirs);
    },
  ],
])("nobody yields to %s", async (_, restMs) => {
  expect(await restMs(spoken())).toBe(0);
});
