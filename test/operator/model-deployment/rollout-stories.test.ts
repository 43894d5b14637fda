import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import type { StepSpec } from "../../../crds/v1alpha1/rollout/rollout.ts";
import { plan } from "../../../operator/model-deployment/plan/plan.ts";
import { annotations, labels } from "../../../operator/model-deployment/resources/labels.ts";
import type { SimulatedCluster } from "../../../operator/model-deployment/simulation/cluster.ts";
import {
  gateways,
  kubelet,
  replicaSetsWithin,
  type StandIn,
  standIns,
} from "../../../operator/model-deployment/simulation/stand-ins.ts";
import {
  story,
  type StoryOptions,
  storyText,
  type Turn,
  type Twist,
} from "../../../operator/model-deployment/simulation/story.ts";
import { createSnapshot, type Observation } from "../../../operator/model-deployment/snapshot.ts";
import { model, modelDeployment, settings, testMs } from "../../builders/model-deployment.ts";
import {
  brokenPromises,
  brokenSteps,
  crashingAt,
  ending,
  permutations,
  staleLeader,
  writeCount,
} from "../../builders/told-stories.ts";

interface Told {
  readonly spec: Partial<ModelDeploymentSpec>;
  readonly twists: readonly Twist[];
  /** Default `standIns`. */
  readonly others?: readonly StandIn[];
  /** What befalls pods costs more of them than the operator would. */
  readonly losesPods?: boolean;
}

const updates = 6;
const becomes = (turn: number, key: string): Twist => ({
  turn,
  says: `the model becomes ${key}`,
  spec: (spec) => ({ ...spec, ...model(key) }),
});
const scales = (turn: number, replicas: number): Twist => ({
  turn,
  says: `replicas become ${replicas}`,
  spec: (spec) => ({ ...spec, replicas }),
});
type CommandKey = "promote" | "promoteFull" | "abort" | "retry" | "pause";
const commands = (turn: number, command: CommandKey, value = "1"): Twist => ({
  turn,
  says: `the annotation ${annotations[command]} is ${value}`,
  annotations: { [annotations[command]]: value },
});
const resumes = (turn: number): Twist => ({
  turn,
  says: `the annotation ${annotations.pause} is taken away`,
  annotations: { [annotations.pause]: undefined },
});

const analysis = { interval: "1s", minimumRequests: 50 };
const canary = (...steps: readonly StepSpec[]): Partial<ModelDeploymentSpec> => ({
  replicas: 4,
  rollout: { canary: { steps: [...steps] }, analysis },
});
/** Each kind of step once, and half of the requests in the end. */
const stepwise = canary(
  { setWeight: 25 },
  { pause: { duration: "2s" } },
  { setWeight: 50 },
  { analyze: { duration: "3s" } },
);
const waiting = canary({ setWeight: 50 }, { pause: {} });
const update = becomes(updates, "second.h5");

/** Every pod of the candidate begins anew. */
function restartCandidate(cluster: SimulatedCluster): void {
  const [deployment] = cluster.all("ModelDeployment");
  const candidate = deployment?.status?.candidate?.revision;
  for (const pod of cluster.all("Pod")) {
    if (candidate === undefined || pod.metadata.labels?.[labels.revision] !== candidate) continue;
    const status = { name: "runtime", ready: false, restartCount: 1, image: "", imageID: "", state: { running: {} } };
    cluster.put({ ...pod, status: { ...pod.status, phase: "Running", conditions: [], containerStatuses: [status] } });
  }
}

/** Every pod crashes, again and again. */
function crashAll(cluster: SimulatedCluster): void {
  const lastState = { terminated: { exitCode: 139, reason: "Error", message: "segmentation fault" } };
  const state = { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s" } };
  const status = { name: "runtime", ready: false, restartCount: 5, image: "", imageID: "", state, lastState };
  for (const { metadata } of cluster.all("ReplicaSet")) {
    for (const pod of cluster.podsOf(metadata.uid)) {
      cluster.put({ ...pod, status: { ...pod.status, phase: "Running", conditions: [], containerStatuses: [status] } });
    }
  }
}

const stories: Readonly<Record<string, Told>> = {
  canary: { spec: stepwise, twists: [update] },
  "canary of one pod": { spec: { ...stepwise, replicas: 1 }, twists: [update] },
  "canary promoted by command": { spec: waiting, twists: [update, commands(16, "promote")] },
  "canary promoted past all steps": { spec: waiting, twists: [update, commands(8, "promoteFull")] },
  "canary paused and resumed by annotation": {
    spec: stepwise,
    twists: [update, commands(8, "pause", "looking"), resumes(14)],
  },
  "canary that fails its requests": { spec: stepwise, twists: [becomes(updates, "failing.h5")] },
  "canary that answers golden requests differently": { spec: stepwise, twists: [becomes(updates, "differing.h5")] },
  "canary with too few requests for a verdict": {
    spec: canary({ setWeight: 50 }, { analyze: { duration: "2s" } }),
    twists: [
      { ...update, cluster: (cluster) => void (cluster.conduct = { ...cluster.conduct, evidence: () => undefined }) },
      commands(20, "promote"),
    ],
  },
  "canary that never loads misses its deadline": {
    spec: { ...stepwise, rollout: { ...stepwise.rollout, progressDeadline: "30s" } },
    twists: [becomes(updates, "broken.h5")],
  },
  "canary loses all its pods at 50 percent": {
    spec: waiting,
    twists: [
      update,
      { turn: 14, says: "every pod of the candidate starts anew", cluster: restartCandidate },
      commands(22, "promote"),
    ],
    losesPods: true,
  },
  "stable revision crashes before the update": {
    spec: stepwise,
    twists: [{ turn: 5, says: "every pod crashes again and again", cluster: crashAll }, update],
    losesPods: true,
  },
  "canary back to the stable revision": { spec: waiting, twists: [update, becomes(14, "digits.h5")] },
  "failed canary is tried again": {
    spec: waiting,
    twists: [update, commands(12, "abort"), commands(20, "retry"), commands(30, "promote", "2")],
  },
  "failed canary is applied again": {
    spec: waiting,
    twists: [update, commands(12, "abort"), becomes(20, "digits.h5"), becomes(24, "second.h5")],
  },
  "canary within a quota of exactly its pods": {
    spec: stepwise,
    twists: [update],
    others: [gateways, kubelet, replicaSetsWithin(4)],
  },
  "canary aborted within a quota of exactly its pods": {
    spec: waiting,
    twists: [update, commands(28, "abort")],
    others: [gateways, kubelet, replicaSetsWithin(4)],
  },
  "canary of one pod within a quota of one": {
    spec: { ...stepwise, replicas: 1 },
    twists: [update],
    others: [gateways, kubelet, replicaSetsWithin(1)],
  },
  "blue green": { spec: { replicas: 2, rollout: { blueGreen: {} } }, twists: [update] },
  "blue green that waits for its promotion": {
    spec: { replicas: 2, rollout: { blueGreen: { autoPromote: false, scaleDownDelay: "5s" } } },
    twists: [update, commands(14, "promote")],
  },
  recreate: { spec: { replicas: 2, rollout: { recreate: {} } }, twists: [update] },
  "recreate that never loads": {
    spec: { replicas: 2, rollout: { recreate: {} } },
    twists: [becomes(updates, "broken.h5")],
  },
  ...eachStep("canary aborted", (turn) => [commands(turn, "abort")]),
  ...eachStep("canary replaced by a third revision", (turn) => [becomes(turn, "third.h5")]),
  ...eachStep("canary scaled out", (turn) => [scales(turn, 8)]),
  ...eachStep("canary scaled in", (turn) => [scales(turn, 2)]),
};

/** Turns in which the canary above is at each of its steps, and after the last; told by the story itself below. */
function eachStep(title: string, twists: (turn: number) => readonly Twist[]): Readonly<Record<string, Told>> {
  const turns = { "in step 1": 8, "in step 2": 11, "in step 3": 14, "in step 4": 18, "after the last step": 22 };
  return Object.fromEntries(
    Object.entries(turns).map(([when, turn]) => [
      `${title} ${when}`,
      { spec: stepwise, twists: [update, ...twists(turn)] },
    ]),
  );
}

const options = ({ spec, twists, others }: Told): StoryOptions => ({
  deployment: modelDeployment(spec),
  settings: settings({ drainDelayMs: 2_000 }),
  startMs: testMs,
  gateways: ["gateway-a", "gateway-b"],
  twists,
  maxTurns: 120,
  ...(others === undefined ? {} : { others }),
});

const broken = (turns: readonly Turn[], { losesPods }: Told): readonly string[] => [
  ...turns.flatMap(brokenPromises),
  ...(losesPods === true ? [] : brokenSteps(turns)),
];

test("the steps of the canary come in the turns in which stories meddle with them", async () => {
  const turns = await story(options({ spec: stepwise, twists: [update] }));
  const at = (number: number) => turns[number - 2]?.snapshot.status.step;
  expect([8, 11, 14, 18, 22].map(at)).toEqual([0, 1, 2, 3, 4]);
});

describe.each(Object.entries(stories))("%s", (title, told) => {
  test("reads as expected", async () => {
    const turns = await story(options(told));
    expect(broken(turns, told)).toEqual([]);
    await expect(storyText(title, turns.slice(updates - 2))).toMatchFileSnapshot(
      `../../golden/stories/rollout/${title.replaceAll(" ", "-")}.txt`,
    );
  });

  test("keeps its promises in every turn, in whatever order the others get their turn", async () => {
    const want = ending(await story(options(told)));
    for (const others of permutations(told.others ?? standIns)) {
      const turns = await story({ ...options(told), others });
      expect(broken(turns, told)).toEqual([]);
      expect(ending(turns)).toEqual(want);
    }
  });

  test("can be told from any moment on: a snapshot reads back from its print", async () => {
    for (const { snapshot } of await story(options(told))) {
      const printed: Observation = JSON.parse(JSON.stringify(snapshot));
      expect(plan(createSnapshot(printed))).toEqual(plan(snapshot));
    }
  });
});

const endangered = [
  "canary",
  "canary that fails its requests",
  "canary loses all its pods at 50 percent",
  "canary within a quota of exactly its pods",
  "canary aborted within a quota of exactly its pods",
  "canary of one pod within a quota of one",
  "canary replaced by a third revision in step 3",
  "canary scaled in in step 3",
  "failed canary is tried again",
  "blue green that waits for its promotion",
  "recreate",
  "recreate that never loads",
];

describe.each(Object.entries(stories).filter(([title]) => endangered.includes(title)))("%s", (_title, told) => {
  test("keeps its promises beside a second leader whose view is some turns old", async () => {
    const want = ending(await story(options(told)));
    for (const age of [1, 2, 3, 5]) {
      const others = [...(told.others ?? standIns), staleLeader(age)];
      const turns = await story({ ...options(told), others, maxTurns: 160 });
      expect({ age, broken: broken(turns, told) }).toEqual({ age, broken: [] });
      expect({ age, ...ending(turns) }).toEqual({ age, ...want });
    }
  });

  test("ends the same when the operator crashes before or after any of its writes", async () => {
    const written = await writeCount(options(told));
    const want = ending(await story(options(told)));
    for (let crash = 1; crash <= written; crash += 1) {
      const turns = await story({ ...options(told), beforeWrite: crashingAt(crash), maxTurns: 160 });
      expect({ crash, ...ending(turns) }).toEqual({ crash, ...want });
      expect({ crash, broken: broken(turns, told) }).toEqual({ crash, broken: [] });
    }
  });
});

test("any row of changes, commands and losses ends in one revision that serves, and breaks no promise on its way", async () => {
  const keys = ["digits.h5", "second.h5", "third.h5", "broken.h5", "failing.h5", "differing.h5"];
  const change = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...keys).map((key) => ["model", key] as const) },
    fc.integer({ min: 0, max: 5 }).map((replicas) => ["replicas", replicas] as const),
    fc
      .constantFrom("promote", "promoteFull", "abort", "retry", "pause")
      .map((command) => ["command", command] as const),
    fc.constant(["restart"] as const),
  );
  const made = (turn: number, [kind, value]: readonly [string, (string | number)?]): Twist => {
    if (kind === "model") return becomes(turn, String(value));
    if (kind === "replicas") return scales(turn, Number(value));
    if (kind === "command") return commands(turn, value as CommandKey, `at ${turn}`); // of the list above
    return { turn, says: "every pod of the candidate starts anew", cluster: restartCandidate };
  };
  const strategies: readonly Partial<ModelDeploymentSpec>[] = [
    stepwise,
    { replicas: 2, rollout: { blueGreen: { scaleDownDelay: "3s" }, progressDeadline: "40s" } },
    { replicas: 2, rollout: { recreate: {}, progressDeadline: "40s" } },
    { ...stepwise, rollout: { ...stepwise.rollout, capacity: "Swap", progressDeadline: "40s" } },
  ];
  const row = fc.array(fc.tuple(fc.integer({ min: 5, max: 40 }), change), { minLength: 1, maxLength: 7 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...strategies),
      row,
      fc.constantFrom(5, 1_000),
      fc.integer({ min: 1, max: 90 }),
      async (spec, changes, quota, crash) => {
        const twists = changes.toSorted(([one], [other]) => one - other).map(([turn, one]) => made(turn, one));
        const others = [gateways, kubelet, replicaSetsWithin(quota)];
        const told = { spec, twists: [...twists, resumes(42)], others };
        const turns = await story({ ...options(told), maxTurns: 240, beforeWrite: crashingAt(crash) });
        expect(turns.flatMap(brokenPromises)).toEqual([]);
        expect(unsettled(turns.at(-1))).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);

/** What is left to do in the end. */
function unsettled(last: Turn | undefined): readonly string[] {
  if (last === undefined) return ["gone"];
  const { snapshot } = last;
  const { stable, candidate, progress, capacity } = snapshot.rollout;
  const ready = snapshot.status.conditions?.find(({ type }) => type === "Ready");
  const others = snapshot.revisions.filter(({ hash }) => hash !== stable?.revision);
  const isBroken = ready?.reason === "UnsupportedLayer";
  const isFine = ready?.status === "True" || ready?.reason === "RolledBack" || isBroken;
  return [
    ...(isFine ? [] : [`Ready is ${ready?.status} ${ready?.reason}: ${ready?.message}`]),
    ...(isBroken || snapshot.wanted.replicas === 0 ? [] : others.map(({ hash }) => `revision ${hash} is left over`)),
    ...(isBroken || snapshot.wanted.replicas === 0 || candidate === undefined ? [] : ["a candidate is left over"]),
    ...(progress === undefined ? [] : ["its progress is still kept"]),
    ...(capacity === undefined ? [] : ["its capacity is still told"]),
  ];
}
