import { expect, test } from "vitest";
import type { ContainerRecord } from "../../../../../operator/local/kubelet/container/container-runner.ts";
import { type PodFacts, podStatus } from "../../../../../operator/local/kubelet/pod/pod-status.ts";

const before = "2026-01-01T00:00:00Z";
const now = "2026-01-01T00:01:00Z";
const idle: ContainerRecord = { state: {}, lastState: {}, restartCount: 0, ready: false, started: false };
const waiting = { ...idle, state: { waiting: { reason: "ContainerCreating" } } };
const running = { ...idle, state: { running: { startedAt: before } }, started: true };
const ready = { ...running, ready: true };
const failed = { ...idle, state: { terminated: { exitCode: 1 } } };
const done = { ...idle, state: { terminated: { exitCode: 0 } } };
const crashing = { ...waiting, lastState: failed.state };

function named(name: string, record: ContainerRecord) {
  return { name, image: "i", record };
}

interface Case {
  readonly init?: readonly ContainerRecord[];
  readonly containers: readonly ContainerRecord[];
  readonly finished?: PodFacts["finished"];
  readonly mounted?: boolean;
  /** Phase, then each condition as `Type=Status[:Reason[:message]]`. */
  readonly want: readonly string[];
}

const cases: Record<string, Case> = {
  "a pod whose volumes are missing is pending": {
    mounted: false,
    containers: [waiting],
    want: [
      "Pending",
      "PodReadyToStartContainers=False",
      "Initialized=True",
      "Ready=False:ContainersNotReady:containers with unready status: [c0]",
      "ContainersReady=False:ContainersNotReady:containers with unready status: [c0]",
      "PodScheduled=True",
    ],
  },
  "an initializing pod names the unfinished containers": {
    init: [done, running],
    containers: [waiting],
    want: [
      "Pending",
      "PodReadyToStartContainers=True",
      "Initialized=False:ContainersNotInitialized:containers with incomplete status: [i1]",
      "Ready=False:ContainersNotReady:containers with unready status: [c0]",
      "ContainersReady=False:ContainersNotReady:containers with unready status: [c0]",
      "PodScheduled=True",
    ],
  },
  "a pod with an unready container names it": {
    containers: [ready, running],
    want: [
      "Running",
      "PodReadyToStartContainers=True",
      "Initialized=True",
      "Ready=False:ContainersNotReady:containers with unready status: [c1]",
      "ContainersReady=False:ContainersNotReady:containers with unready status: [c1]",
      "PodScheduled=True",
    ],
  },
  "a pod with all containers ready is ready": {
    init: [done],
    containers: [ready, ready],
    want: [
      "Running",
      "PodReadyToStartContainers=True",
      "Initialized=True",
      "Ready=True",
      "ContainersReady=True",
      "PodScheduled=True",
    ],
  },
  "a pod that crashes is running": {
    containers: [crashing],
    want: [
      "Running",
      "PodReadyToStartContainers=True",
      "Initialized=True",
      "Ready=False:ContainersNotReady:containers with unready status: [c0]",
      "ContainersReady=False:ContainersNotReady:containers with unready status: [c0]",
      "PodScheduled=True",
    ],
  },
  "a pod that has succeeded": {
    containers: [done],
    finished: "Succeeded",
    want: [
      "Succeeded",
      "PodReadyToStartContainers=False",
      "Initialized=True",
      "Ready=False:PodCompleted",
      "ContainersReady=False:PodCompleted",
      "PodScheduled=True",
    ],
  },
  "a pod that has failed": {
    containers: [failed],
    finished: "Failed",
    want: [
      "Failed",
      "PodReadyToStartContainers=False",
      "Initialized=True",
      "Ready=False:PodFailed",
      "ContainersReady=False:PodFailed",
      "PodScheduled=True",
    ],
  },
};

function factsOf({ init = [], containers, finished, mounted = true }: Omit<Case, "want">): PodFacts {
  return {
    address: "127.77.0.1",
    hostAddress: "127.0.0.1",
    startTime: before,
    volumesMounted: mounted,
    initContainers: init.map((record, index) => named(`i${index}`, record)),
    containers: containers.map((record, index) => named(`c${index}`, record)),
    finished,
  };
}

test.each(Object.entries(cases))("%s", (_sentence, { want, ...facts }) => {
  const { phase, conditions = [] } = podStatus(factsOf(facts), undefined, now);
  const lines = conditions.map(({ type, status, reason, message }) =>
    [`${type}=${status}`, reason, message].filter((part) => part !== undefined).join(":"),
  );
  expect([phase, ...lines]).toEqual(want);
});

test("a condition keeps its time until its status changes", () => {
  const first = podStatus(factsOf({ containers: [running] }), undefined, before);
  const second = podStatus(factsOf({ containers: [ready] }), first, now);
  expect(second.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
    ["PodReadyToStartContainers", before],
    ["Initialized", before],
    ["Ready", now],
    ["ContainersReady", now],
    ["PodScheduled", before],
  ]);
});

test("the complete status of a pod", () => {
  const { conditions, ...status } = podStatus(factsOf({ init: [done], containers: [ready] }), undefined, now);
  expect(conditions).toHaveLength(5);
  expect(status).toEqual({
    phase: "Running",
    hostIP: "127.0.0.1",
    hostIPs: [{ ip: "127.0.0.1" }],
    podIP: "127.77.0.1",
    podIPs: [{ ip: "127.77.0.1" }],
    startTime: before,
    initContainerStatuses: [{ name: "i0", image: "i", imageID: "local/i", ...done, ready: true }],
    containerStatuses: [{ name: "c0", image: "i", imageID: "local/i", ...ready }],
  });
});
