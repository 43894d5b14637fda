import type { ModelDeploymentSpec } from "../../crds/v1alpha1/model-deployment.ts";
import type { StepSpec } from "../../crds/v1alpha1/rollout/rollout.ts";
import { annotations, labels } from "../../operator/model-deployment/resources/labels.ts";
import type { SimulatedCluster } from "../../operator/model-deployment/simulation/cluster.ts";
import {
  gateways,
  kubelet,
  replicaSetsWithin,
  type SimulatedController,
} from "../../operator/model-deployment/simulation/controllers.ts";
import type { StoryOptions, StoryTurn, StoryEvent } from "../../operator/model-deployment/simulation/story.ts";
import { model, modelDeployment, settings, testMs } from "./model-deployment.ts";
import { brokenPromises, brokenSteps } from "./told-stories.ts";

/** A story of a rollout: what is deployed first, and what happens to it. */
export interface Told {
  readonly spec: Partial<ModelDeploymentSpec>;
  readonly events: readonly StoryEvent[];
  /** Default `standIns`. */
  readonly controllers?: readonly SimulatedController[];
  /** What befalls pods costs more of them than the operator would. */
  readonly losesPods?: boolean;
}

export const updates = 6;
export const becomes = (turn: number, key: string): StoryEvent => ({
  turn,
  description: `the model becomes ${key}`,
  spec: (spec) => ({ ...spec, ...model(key) }),
});
export const scales = (turn: number, replicas: number): StoryEvent => ({
  turn,
  description: `replicas become ${replicas}`,
  spec: (spec) => ({ ...spec, replicas }),
});
/** Commands by the names that annotations have. */
export type CommandKey = "promote" | "promoteFull" | "abort" | "retry" | "pause";
export const commands = (turn: number, command: CommandKey, value = "1"): StoryEvent => ({
  turn,
  description: `the annotation ${annotations[command]} is ${value}`,
  annotations: { [annotations[command]]: value },
});
export const resumes = (turn: number): StoryEvent => ({
  turn,
  description: `the annotation ${annotations.pause} is taken away`,
  annotations: { [annotations.pause]: undefined },
});

const analysis = { interval: "1s", minimumRequests: 50 };
const canary = (...steps: readonly StepSpec[]): Partial<ModelDeploymentSpec> => ({
  replicas: 4,
  rollout: { canary: { steps: [...steps] }, analysis },
});
/** Each kind of step once, and half of the requests in the end. */
export const stepwise = canary(
  { setWeight: 25 },
  { pause: { duration: "2s" } },
  { setWeight: 50 },
  { analyze: { duration: "3s" } },
);
const waiting = canary({ setWeight: 50 }, { pause: {} });
/** The turn after which nothing of the first deployment is left to do. */
export const update = becomes(updates, "second.h5");

/** Every pod of the candidate begins anew. */
export function restartCandidate(cluster: SimulatedCluster): void {
  const [deployment] = cluster.all("ModelDeployment");
  const candidate = deployment?.status?.candidate?.revision;
  for (const pod of cluster.all("Pod")) {
    if (candidate === undefined || pod.metadata.labels?.[labels.revision] !== candidate) continue;
    const status = { name: "runtime", ready: false, restartCount: 1, image: "", imageID: "", state: { running: {} } };
    cluster.put({ ...pod, status: { ...pod.status, phase: "Running", conditions: [], containerStatuses: [status] } });
  }
}

/** The containers of the stable revision's pods end, for the so-and-so-many-th time, and wait. */
export const crashStable =
  (restartCount: number) =>
  (cluster: SimulatedCluster): void => {
    const state = { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s" } };
    const lastState = { terminated: { exitCode: 139, reason: "Error", message: "segmentation fault" } };
    const status = { name: "runtime", ready: false, restartCount, image: "", imageID: "", state, lastState };
    const [deployment] = cluster.all("ModelDeployment");
    const stable = deployment?.status?.stable?.revision;
    for (const pod of cluster.all("Pod")) {
      if (stable === undefined || pod.metadata.labels?.[labels.revision] !== stable) continue;
      cluster.put({ ...pod, status: { ...pod.status, phase: "Running", conditions: [], containerStatuses: [status] } });
    }
  };
/** What waits after a crash runs. */
export const runsAgain = (turn: number): StoryEvent => ({
  turn,
  description: "the pods that crashed run again",
  cluster(cluster) {
    for (const pod of cluster.all("Pod")) {
      const containerStatuses = pod.status?.containerStatuses ?? [];
      if (!containerStatuses.some(({ state }) => state?.waiting !== undefined)) continue;
      const running = containerStatuses.map((status) => ({ ...status, state: { running: {} } }));
      cluster.put({ ...pod, status: { ...pod.status, containerStatuses: running } });
    }
  },
});

/** By title. */
export const stories: Readonly<Record<string, Told>> = {
  "canary of a model that is called otherwise": {
    spec: stepwise,
    events: [
      {
        turn: updates,
        description: "the model is called numbers",
        spec: (spec) => ({ ...spec, model: { ...spec.model, name: "numbers" } }),
      },
    ],
  },
  canary: { spec: stepwise, events: [update] },
  "canary of one pod": { spec: { ...stepwise, replicas: 1 }, events: [update] },
  "canary promoted by command": { spec: waiting, events: [update, commands(16, "promote")] },
  "canary promoted past all steps": { spec: waiting, events: [update, commands(8, "promoteFull")] },
  "canary paused and resumed by annotation": {
    spec: stepwise,
    events: [update, commands(8, "pause", "looking"), resumes(14)],
  },
  "canary scaled to zero at a pause and back": {
    spec: waiting,
    events: [update, scales(14, 0), scales(20, 4), commands(30, "promote")],
    losesPods: true,
  },
  "canary after an update while there are no pods": {
    spec: stepwise,
    events: [scales(updates, 0), becomes(10, "second.h5"), scales(14, 4)],
    losesPods: true,
  },
  "canary that fails its requests": { spec: stepwise, events: [becomes(updates, "failing.h5")] },
  "canary that answers golden requests differently": { spec: stepwise, events: [becomes(updates, "differing.h5")] },
  "canary with too few requests for a verdict": {
    spec: canary({ setWeight: 50 }, { analyze: { duration: "2s" } }),
    events: [
      { ...update, cluster: (cluster) => void (cluster.workload = { ...cluster.workload, evidence: () => undefined }) },
      commands(20, "promote"),
    ],
  },
  "canary that never loads misses its deadline": {
    spec: { ...stepwise, rollout: { ...stepwise.rollout, progressDeadline: "30s" } },
    events: [becomes(updates, "broken.h5")],
  },
  "canary loses all its pods at 50 percent": {
    spec: waiting,
    events: [
      update,
      { turn: 14, description: "every pod of the candidate starts anew", cluster: restartCandidate },
      commands(22, "promote"),
    ],
    losesPods: true,
  },
  "stable revision crashes before the update": {
    spec: stepwise,
    events: [{ turn: 5, description: "every pod crashes again and again", cluster: crashStable(5) }, update],
    losesPods: true,
  },
  "stable revision restarts in step 2": {
    spec: stepwise,
    events: [
      update,
      { turn: 11, description: "every stable pod crashes, as often before", cluster: crashStable(5) },
      runsAgain(17),
    ],
    losesPods: true,
  },
  "stable revision restarts while the spec changes again": {
    spec: waiting,
    events: [
      update,
      {
        ...becomes(14, "third.h5"),
        description: "every stable pod crashes, and the model becomes third.h5",
        cluster: crashStable(1),
      },
      runsAgain(18),
      commands(34, "promote"),
    ],
    losesPods: true,
  },
  "stable revision stays away while the spec changes again": {
    spec: { ...waiting, rollout: { ...waiting.rollout, progressDeadline: "30s" } },
    events: [
      update,
      {
        ...becomes(14, "third.h5"),
        description: "every stable pod crashes, and the model becomes third.h5",
        cluster: crashStable(1),
      },
      commands(34, "promote"),
    ],
    losesPods: true,
  },
  "canary back to the stable revision": { spec: waiting, events: [update, becomes(14, "digits.h5")] },
  "failed canary is tried again": {
    spec: waiting,
    events: [update, commands(12, "abort"), commands(20, "retry"), commands(30, "promote", "2")],
  },
  "failed canary is applied again": {
    spec: waiting,
    events: [update, commands(12, "abort"), becomes(20, "digits.h5"), becomes(24, "second.h5")],
  },
  "canary within a quota of exactly its pods": {
    spec: stepwise,
    events: [update],
    controllers: [gateways, kubelet, replicaSetsWithin(4)],
  },
  "canary aborted within a quota of exactly its pods": {
    spec: waiting,
    events: [update, commands(28, "abort")],
    controllers: [gateways, kubelet, replicaSetsWithin(4)],
  },
  "canary of one pod within a quota of one": {
    spec: { ...stepwise, replicas: 1 },
    events: [update],
    controllers: [gateways, kubelet, replicaSetsWithin(1)],
  },
  "blue green": { spec: { replicas: 2, rollout: { blueGreen: {} } }, events: [update] },
  "blue green that waits for its promotion": {
    spec: { replicas: 2, rollout: { blueGreen: { autoPromote: false, scaleDownDelay: "5s" } } },
    events: [update, commands(14, "promote")],
  },
  recreate: { spec: { replicas: 2, rollout: { recreate: {} } }, events: [update] },
  "recreate replaced by a third revision": {
    spec: { replicas: 2, rollout: { recreate: {} } },
    events: [update, becomes(10, "third.h5")],
  },
  "recreate that never loads": {
    spec: { replicas: 2, rollout: { recreate: {} } },
    events: [becomes(updates, "broken.h5")],
  },
  ...eachStep("canary aborted", (turn) => [commands(turn, "abort")]),
  ...eachStep("canary replaced by a third revision", (turn) => [becomes(turn, "third.h5")]),
  ...eachStep("canary scaled out", (turn) => [scales(turn, 8)]),
  ...eachStep("canary scaled in", (turn) => [scales(turn, 2)]),
};

/** Turns in which the canary above is at each of its steps, and after the last; told by the story itself below. */
function eachStep(title: string, events: (turn: number) => readonly StoryEvent[]): Readonly<Record<string, Told>> {
  const turns = { "in step 1": 8, "in step 2": 11, "in step 3": 14, "in step 4": 18, "after the last step": 22 };
  return Object.fromEntries(
    Object.entries(turns).map(([when, turn]) => [
      `${title} ${when}`,
      { spec: stepwise, events: [update, ...events(turn)] },
    ]),
  );
}

/** How a story is played. */
export const options = ({ spec, events, controllers }: Told): StoryOptions => ({
  deployment: modelDeployment(spec),
  settings: settings({ drainDelayMs: 2_000 }),
  startMs: testMs,
  gateways: ["gateway-a", "gateway-b"],
  events,
  maxTurns: 120,
  ...(controllers === undefined ? {} : { controllers }),
});

/** Promises that were not kept in it. */
export const broken = (turns: readonly StoryTurn[], { losesPods }: Told): readonly string[] => [
  ...turns.flatMap(brokenPromises),
  ...(losesPods === true ? [] : brokenSteps(turns)),
];
