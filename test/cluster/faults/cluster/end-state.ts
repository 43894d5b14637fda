import type { Pod, Stored } from "../../../../operator/kube/kinds.ts";
import { canonicalJson } from "../../../../operator/model-deployment/plan/hash.ts";
import { annotations, labels } from "../../../../operator/model-deployment/resources/labels.ts";
import { modelPortRange } from "../../../../runtime/contract/ports.ts";
import type { Route } from "../../../../runtime/contract/route-table.ts";
import type { View } from "./view.ts";

/** Fields that the server fills in, or that depend on time or chance. */
const variableFields = new Set<string>([
  "uid",
  "resourceVersion",
  "managedFields",
  "creationTimestamp",
  "lastTransitionTime",
  "clusterIP",
  "clusterIPs",
  // A hash of the whole object, UIDs included.
  annotations.applied,
]);

const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** The objects of a namespace and the routes its gateway has, as lines that are equal in all namespaces with the same story. */
export function endState(view: View, namespace: string, routes: readonly Route[]): readonly string[] {
  const objects = view
    .objects(namespace)
    .filter(([, { metadata }]) => metadata.name !== "default")
    .map(([plural, object]) => `${plural} ${normalizedJson(object, namespace)}`);
  const counts = new Map<string, number>();
  for (const pod of view.pods.all()) {
    if (pod.metadata.namespace !== namespace || pod.metadata.labels?.[labels.deployment] === undefined) continue;
    const words = podWords(pod);
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const pods = [...counts].map(([words, count]) => `pods ${words} × ${count}`);
  return [...objects, ...pods, ...routes.map((route) => routeWords(route, namespace))].sort();
}

/** Lines that are missing (`-`) or not wanted (`+`). */
export function difference(wanted: readonly string[], found: readonly string[]): readonly string[] {
  return [
    ...wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
  ];
}

function podWords({ metadata, status }: Pod & Stored): string {
  const isReady = status?.conditions?.some(({ type, status: state }) => type === "Ready" && state === "True") === true;
  const words = [metadata.labels?.[labels.revision], isReady ? "ready" : "not ready"];
  return [...words, ...(metadata.deletionTimestamp === undefined ? [] : ["terminating"])].join(" ");
}

function routeWords({ key, revisions }: Route, namespace: string): string {
  const shares = revisions.map(
    ({ hash, version, weight, endpoints }) => `${hash} (version ${version}) ${weight} % × ${endpoints.length}`,
  );
  return `route ${key.replace(namespace, "NS")}: ${shares.sort().join(", ")}`;
}

function normalizedJson(object: object, namespace: string): string {
  const plain = JSON.stringify(object, (key, value: unknown) => {
    if (variableFields.has(key)) return undefined;
    if (typeof value === "number")
      return value >= modelPortRange.first && value <= modelPortRange.last ? "PORT" : value;
    return typeof value === "string" ? normalizedText(value, namespace) : value;
  });
  return canonicalJson(JSON.parse(plain));
}

function normalizedText(text: string, namespace: string): string {
  return text
    .replaceAll(time, "TIME")
    .replaceAll(namespace, "NS")
    .replaceAll(/digits-([0-9a-z]+)-[0-9a-z]{5}\b/g, "digits-$1-POD");
}
