import { expect, test } from "vitest";

import { humanDuration } from "../../../../operator/local/api-server/tables/age.ts";
import { jsonPath } from "../../../../operator/local/api-server/tables/json-path.ts";
import { podColumns } from "../../../../operator/local/api-server/tables/pod-columns.ts";
import type { JsonObject } from "../../../../operator/local/api-server/values/json.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [-3 * second, "<invalid>"],
  [0, "0s"],
  [119 * second, "119s"],
  [2 * minute, "2m"],
  [9 * minute + 5 * second, "9m5s"],
  [10 * minute, "10m"],
  [179 * minute, "179m"],
  [3 * hour, "3h"],
  [7 * hour + 59 * minute, "7h59m"],
  [8 * hour + minute, "8h"],
  [47 * hour, "47h"],
  [2 * day, "2d"],
  [7 * day + 23 * hour, "7d23h"],
  [8 * day, "8d"],
  [729 * day, "729d"],
  [2 * 365 * day, "2y"],
  [3 * 365 * day + 10 * day, "3y10d"],
  [9 * 365 * day, "9y"],
])("%i ms are printed as %s", (ms, want) => {
  expect(humanDuration(ms)).toBe(want);
});

const object: JsonObject = {
  metadata: { annotations: { "a.b/c": "x" } },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Stalled", status: "False" },
    ],
    url: "http://x",
  },
};

test.each([
  [".status.url", ["http://x"]],
  ["{.status.url}", ["http://x"]],
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  [".status.conditions[?(@.type!='Ready')].type", ["Stalled"]],
  [".status.conditions[0].type", ["Ready"]],
  [".status.conditions[-1].type", ["Stalled"]],
  [".status.conditions[*].type", ["Ready", "Stalled"]],
  ["$.metadata.annotations['a.b/c']", ["x"]],
  [".metadata.annotations.a\\.b/c", ["x"]],
  [".status.nothing.at.all", []],
])("%s finds its values", (path, want) => {
  expect(jsonPath(path)(object)).toEqual(want);
});

const container = (state: object, ready = false): object => ({ name: "c", ready, restartCount: 2, state });

test.each<readonly [string, object, string]>([
  ["that runs", { containerStatuses: [container({ running: {} }, true)] }, "1/1 Running 2"],
  [
    "that crashes",
    { containerStatuses: [container({ waiting: { reason: "CrashLoopBackOff" } })] },
    "0/1 CrashLoopBackOff 2",
  ],
  ["that ended badly", { containerStatuses: [container({ terminated: { exitCode: 3 } })] }, "0/1 ExitCode:3 2"],
  ["whose init container runs", { initContainerStatuses: [container({ running: {} })] }, "0/1 Init:0/1 0"],
  [
    "whose init container failed",
    { initContainerStatuses: [container({ terminated: { exitCode: 1, reason: "Error" } })] },
    "0/1 Init:Error 0",
  ],
])("a pod %s", (_name, status, want) => {
  const pod = JSON.parse(
    JSON.stringify({
      metadata: {},
      spec: { containers: [{}], initContainers: [{}] },
      status: { phase: "Running", ...status },
    }),
  ) as JsonObject; // just written as JSON
  expect(
    podColumns
      .slice(0, 3)
      .map(({ cell }) => cell(pod, 0))
      .join(" "),
  ).toBe(want);
});
