import type { Column } from "../kinds/served-kind.ts";
import { isObject, listOf, numberOf, objectOf, printed, textOf, valueAt, type JsonObject } from "../values/json.ts";
import { age } from "./age.ts";

// Reasons follow printPod of k8s.io/kubernetes/pkg/printers/internalversion/printers.go.

const statuses = (object: JsonObject, key: string): readonly JsonObject[] =>
  listOf(valueAt(object, ["status", key])).map(objectOf);

const state = (status: JsonObject, name: string): JsonObject | undefined => {
  const found = objectOf(status["state"])[name];
  return isObject(found) ? found : undefined;
};

function readyText(object: JsonObject): string {
  const ready = statuses(object, "containerStatuses").filter((status) => status["ready"] === true).length;
  return `${ready}/${listOf(valueAt(object, ["spec", "containers"])).length}`;
}

function initReason(object: JsonObject): string | undefined {
  const all = statuses(object, "initContainerStatuses");
  const index = all.findIndex((status) => state(status, "terminated")?.["exitCode"] !== 0);
  const status = all[index];
  if (status === undefined) return undefined;
  const ended = state(status, "terminated");
  if (ended !== undefined) return `Init:${endReason(ended)}`;
  const waiting = textOf(state(status, "waiting")?.["reason"]);
  if (waiting !== "" && waiting !== "PodInitializing") return `Init:${waiting}`;
  return `Init:${index}/${listOf(valueAt(object, ["spec", "initContainers"])).length}`;
}

function endReason(ended: JsonObject): string {
  const reason = textOf(ended["reason"]);
  if (reason !== "") return reason;
  const signal = numberOf(ended["signal"]) ?? 0;
  return signal === 0 ? `ExitCode:${printed(ended["exitCode"])}` : `Signal:${signal}`;
}

function containerReason(object: JsonObject, fallback: string): string {
  let reason = fallback;
  let isRunning = false;
  for (const status of statuses(object, "containerStatuses").toReversed()) {
    const waiting = textOf(state(status, "waiting")?.["reason"]);
    const ended = state(status, "terminated");
    if (waiting !== "") reason = waiting;
    else if (ended !== undefined) reason = endReason(ended);
    else if (status["ready"] === true && state(status, "running") !== undefined) isRunning = true;
  }
  return reason === "Completed" && isRunning ? "Running" : reason;
}

function statusText(object: JsonObject): string {
  const ownReason = textOf(valueAt(object, ["status", "reason"]));
  const phase = textOf(valueAt(object, ["status", "phase"]));
  const reason = initReason(object) ?? containerReason(object, ownReason || phase);
  const isDeleted = valueAt(object, ["metadata", "deletionTimestamp"]) !== undefined;
  return isDeleted && phase !== "Failed" && phase !== "Succeeded" ? "Terminating" : reason;
}

function restarts(object: JsonObject, nowMs: number): string {
  const all = [...statuses(object, "containerStatuses")];
  const total = all.reduce((sum, status) => sum + (numberOf(status["restartCount"]) ?? 0), 0);
  const last = all
    .map((status) => textOf(valueAt(status, ["lastState", "terminated", "finishedAt"])))
    .sort()
    .at(-1);
  return total === 0 || last === undefined || last === "" ? String(total) : `${total} (${age(last, nowMs)} ago)`;
}

const text =
  (...path: readonly string[]): Column["cell"] =>
  (object) =>
    textOf(valueAt(object, path)) || "<none>";

const base = { type: "string", format: "", description: "", priority: 0 } as const;
const wide = { ...base, priority: 1 } as const;

/** The columns of pods, after the name. */
export const podColumns: readonly Column[] = [
  { ...base, name: "Ready", cell: readyText },
  { ...base, name: "Status", cell: statusText },
  { ...base, name: "Restarts", cell: restarts },
  { ...base, name: "Age", cell: (object, nowMs) => age(valueAt(object, ["metadata", "creationTimestamp"]), nowMs) },
  { ...wide, name: "IP", cell: text("status", "podIP") },
  { ...wide, name: "Node", cell: text("spec", "nodeName") },
  { ...wide, name: "Nominated Node", cell: text("status", "nominatedNodeName") },
  { ...wide, name: "Readiness Gates", cell: () => "<none>" },
];
