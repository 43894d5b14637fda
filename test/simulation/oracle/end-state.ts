import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import type { ApiObject } from "../../../operator/local/api-server/values/api-object.ts";
import type { ModelDeploymentStatus } from "../../../crds/v1alpha1/model-deployment.ts";
import { modelPortRange } from "../../../runtime/contract/ports.ts";
import { annotations } from "../../../operator/model-deployment/resources/labels.ts";
import { rememberedWith } from "../../../operator/local/api-server/values/remembered.ts";
import { canonicalJson } from "../../../operator/model-deployment/plan/hash.ts";

const collections = [
  "modeldeployments.modelwright.dev",
  "replicasets.apps",
  "services.",
  "serviceaccounts.",
  "endpointslices.discovery.k8s.io",
  "poddisruptionbudgets.policy",
] as const;

/** What the server itself, time, chance or other controllers put into objects. */
const passing = new Set<string>([
  "uid",
  "resourceVersion",
  "generation",
  "observedGeneration",
  "managedFields",
  "creationTimestamp",
  "lastTransitionTime",
  "progressedAt",
  "startedAt",
  "stepStartedAt",
  "failedRevisions",
  "analyses",
  "clusterIP",
  "clusterIPs",
  annotations.applied,
  annotations.retiredAt,
  "note",
  "disruptionsAllowed",
  "availableReplicas",
  "readyReplicas",
  "fullyLabeledReplicas",
]);

/** The state of a namespace in words that two runs of the same walk share: no times, UIDs, ports, names of pods or numbers of revisions. */
export function endState(server: ApiServer): readonly string[] {
  const objects = collections.flatMap((key) =>
    server.store
      .collection(key)
      .records("default")
      .filter(({ object }) => object.metadata.name !== "default" && !object.metadata.name.startsWith("kubernetes"))
      .flatMap(({ object }) => [`${key} ${spelled(object)}`, ...failedRevisions(object)]),
  );
  const pods = new Map<string, number>();
  for (const { object } of server.store.collection("pods.").records("default")) {
    const owner = JSON.stringify(object.metadata["ownerReferences"]) ?? "";
    const set = /"name":"([^"]+)"/.exec(owner)?.[1] ?? "nobody";
    const ready = JSON.stringify(object["status"] ?? {}).includes('"type":"Ready","status":"True"');
    const key = `pods of ${set}: ${object.metadata["deletionTimestamp"] === undefined ? "" : "leaving "}${ready ? "ready" : "not ready"}`;
    pods.set(key, (pods.get(key) ?? 0) + 1);
  }
  return [...objects, ...[...pods].map(([key, count]) => `${key} × ${count}`)].sort();
}

const failedWord = "failed revision";

/** One line each: who is in a hurry may have changed a revision before it could fail. */
function failedRevisions(object: ApiObject): readonly string[] {
  const { failedRevisions: failed = [] } = (object["status"] ?? {}) as ModelDeploymentStatus; // other kinds have no such member
  return failed.map(({ revision, reason }) => `${failedWord} ${revision}: ${reason}`);
}

/** What is the same however far each revision had come before the next took its place. */
export function withoutPast(state: readonly string[]): readonly string[] {
  return state.filter((line) => !line.startsWith(failedWord));
}

const spellings = new WeakMap<object, string>();

function spelled(object: ApiObject): string {
  const known = spellings.get(object) ?? alike(object);
  spellings.set(object, known);
  return known;
}

/** Numbers of versions: they depend on what was seen on the way. */
const numbers = new Set(["version", "highestVersion", "nextVersion", annotations.version]);

/** As canonical JSON, but for what differs between runs of a walk. */
function alike(object: ApiObject): string {
  const isServing = /"ready":[1-9]/.test(JSON.stringify(object["status"] ?? {}));
  return spelling("", object, !isServing) ?? "";
}

function spelling(key: string, value: unknown, isStopped: boolean): string | undefined {
  if (value === undefined || passing.has(key) || key.startsWith("foreign")) return undefined;
  // What a model is can only be learnt from a pod that is ready for long enough.
  if (isStopped && (key === "digest" || isFacts(value))) return undefined;
  return isJudgement(value) ? undefined : memberSpelling(key, value, isStopped);
}

function memberSpelling(key: string, value: unknown, isStopped: boolean): string | undefined {
  if (key === "template") return String(canonicalJson(value).length);
  if (key === "targetPort" || isGatewayPort(key, value)) return '"PORT"';
  if (numbers.has(key) && /^"?\d+"?$/.test(JSON.stringify(value))) return '"V"';
  const text = spelledValue(value, isStopped);
  // Nothing is left of it but what depends on how far things came.
  return key === "rollout" && text === "{}" ? undefined : text;
}

function spelledValue(value: unknown, isStopped: boolean): string {
  if (typeof value === "string") return JSON.stringify(worded(value));
  return typeof value === "object" && value !== null ? spelledParts(value, isStopped) : JSON.stringify(value);
}

/** Versions of an object have most parts in common. */
const spelledParts = rememberedWith((value: object, isStopped: boolean): string => {
  if (!Array.isArray(value)) return `{${spelledMembers(value, isStopped).join()}}`;
  return `[${value.map((item, index) => spelling(String(index), item, isStopped) ?? "null").join()}]`;
});

function spelledMembers(object: object, isStopped: boolean): readonly string[] {
  return Object.entries(object)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([key, member]) => {
      const text = spelling(key, member, isStopped);
      return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`];
    });
}

function isGatewayPort(key: string, value: unknown): boolean {
  return key === "port" && Number(value) >= modelPortRange.first;
}

function worded(given: string): string {
  const text = given.replaceAll(/\(version \d+\)/g, "(version V)").replaceAll(/shop-[0-9a-z]+-[0-9a-z]{5}\b/g, "POD");
  if (!/requests|quota/.test(text)) return text;
  // When it was judged, or refused, and how much was seen by then, in the last half minute too, is a matter of time.
  return text
    .replaceAll(/; lately .*?(?= \(at |$)/g, "")
    .replaceAll(/step \d+ of \d+ \([^)]*\)|all steps done/g, "STEP")
    .replaceAll(/\b\d[\d,]*(\.\d+)?\b/g, "N");
}

/** Without ReplicaSets that are there for the way back alone: of a revision that is neither wanted nor serves the spec is no longer known, so nobody can make its set anew. */
export function withoutHistory(state: readonly string[]): readonly string[] {
  const inUse = state.filter((line) => line.startsWith("modeldeployments."));
  return state.filter((line) => {
    const hash = /^replicasets\..*"name":"[^"]*-([0-9a-z]+)",.*"spec":\{"replicas":0,/.exec(line)?.[1];
    return hash === undefined || inUse.some((one) => one.includes(`"revision":"${hash}"`));
  });
}

/** What is in one and not in the other. */
export function difference(wanted: readonly string[], found: readonly string[]): readonly string[] {
  return [
    ...wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
  ];
}

/** How a candidate does: it is judged anew all the time. */
function isJudgement(value: unknown): boolean {
  return typeof value === "object" && value !== null && "verdict" in value;
}

/** The `model` of a status, not that of a spec. */
function isFacts(value: unknown): boolean {
  return typeof value === "object" && value !== null && "signature" in value;
}
