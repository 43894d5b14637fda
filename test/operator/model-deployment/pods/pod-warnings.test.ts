import { expect, test } from "vitest";
import type { Event, Stored } from "../../../../operator/kube/kinds.ts";
import { createPodWarnings, podWarningSelection } from "../../../../operator/model-deployment/pods/pod-warnings.ts";

const event = (message: string, at: string, changes: { uid?: string; pod?: string } = {}): Event & Stored => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "e", uid: changes.uid ?? message, resourceVersion: "1" },
  involvedObject: { apiVersion: "v1", kind: "Pod", name: changes.pod ?? "digits-bcdfghjklm-x2x4z", uid: "u" },
  type: "Warning",
  reason: "Unhealthy",
  message,
  lastTimestamp: `2030-01-01T00:00:${at}Z`,
});
const told = (): { warnings: ReturnType<typeof createPodWarnings>; pods: string[] } => {
  const warnings = createPodWarnings();
  const pods: string[] = [];
  warnings.subscribe((pod) => pods.push(pod));
  return { warnings, pods };
};

test("the latest of several warnings counts, in whatever order they arrive", () => {
  const { warnings, pods } = told();
  warnings.upsert(event("refused", "02"));
  warnings.upsert(event("timed out", "01"));
  const want = { reason: "Unhealthy", message: "refused", atMs: Date.UTC(2030, 0, 1, 0, 0, 2), eventUid: "refused" };
  expect(warnings.latest("u")).toEqual(want);
  expect(pods).toEqual(["u"]);
});

test("a warning ends with its event, with its pod, or when a relist does not contain it", () => {
  const { warnings, pods } = told();
  warnings.upsert(event("refused", "01"));
  warnings.remove(event("timed out", "00"));
  expect(warnings.latest("u")?.message).toBe("refused");
  warnings.remove(event("refused", "01"));
  expect(warnings.latest("u")).toBeUndefined();
  warnings.replace([event("refused", "01")], "7");
  warnings.replace([], "8");
  expect([warnings.latest("u"), pods]).toEqual([undefined, ["u", "u", "u", "u"]]);
  warnings.upsert(event("refused", "01"));
  warnings.forget("u");
  expect(warnings.latest("u")).toBeUndefined();
});

test("an irrelevant warning does not replace a relevant one", () => {
  const { warnings, pods } = told();
  warnings.upsert({ ...event("no ConfigMap", "01"), reason: "FailedMount" });
  warnings.upsert({ ...event("Nameserver limits were exceeded", "02"), reason: "DNSConfigForming" });
  expect([warnings.latest("u")?.message, pods]).toEqual(["no ConfigMap", ["u"]]);
});

test("warnings of pods whose name cannot be ours are not kept", () => {
  const names: Readonly<Record<string, boolean>> = {
    "digits-bcdfghjklm-x2x4z": true,
    "web-5d4f8c7b9-x2x4z": false,
    "database-0": false,
    "backup-29384756-abcde": false,
    [`${"a-very-long-name".repeat(4).slice(0, 58)}x2x4z`]: true,
  };
  const kept = Object.keys(names).filter((pod) => {
    const { warnings } = told();
    warnings.upsert(event("refused", "01", { pod }));
    return warnings.latest("u") !== undefined;
  });
  expect(kept).toEqual(Object.keys(names).filter((name) => names[name]));
});

test("the selection leaves out reasons that pod status shows as well", () => {
  expect(podWarningSelection("team-a")).toEqual({
    namespace: "team-a",
    fieldSelector: "involvedObject.kind=Pod,type=Warning,reason!=FailedScheduling,reason!=BackOff,reason!=Failed",
  });
});
