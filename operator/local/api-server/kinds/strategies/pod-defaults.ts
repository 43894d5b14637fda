import { equalJson, isObject, listOf, objectOf, textOf, type Json, type JsonObject } from "../../values/json.ts";
import { memoized } from "../../values/memoized.ts";

// Defaults that live in Go code, not in the OpenAPI document: k8s.io/kubernetes/pkg/apis/core/v1/defaults.go.

/** A pod spec, of a pod or a template, with the server's defaults. */
export const defaultedPodSpec = memoized((spec: JsonObject): JsonObject => {
  const filled = {
    ...spec,
    ...defaultedList(spec, "volumes", defaultedVolume),
    ...defaultedList(spec, "initContainers", defaultedContainer),
    containers: listOf(spec["containers"]).map((container) => defaultedContainer(objectOf(container))),
    ...fallback(spec, "restartPolicy", "Always"),
    ...fallback(spec, "terminationGracePeriodSeconds", 30),
    ...fallback(spec, "dnsPolicy", "ClusterFirst"),
    ...serviceAccount(spec),
    ...fallback(spec, "securityContext", {}),
    ...fallback(spec, "schedulerName", "default-scheduler"),
  };
  return equalJson(filled, spec) ? spec : filled;
});

const fallback = (object: JsonObject, key: string, value: Json): JsonObject => ({ [key]: object[key] ?? value });

// The deprecated `serviceAccount` always mirrors `serviceAccountName`.
const serviceAccount = (spec: JsonObject): JsonObject => {
  const name = textOf(spec["serviceAccountName"]) || textOf(spec["serviceAccount"]);
  return name === "" ? {} : { serviceAccountName: name, serviceAccount: name };
};

const defaultedList = (object: JsonObject, key: string, fill: (item: JsonObject) => JsonObject): JsonObject =>
  key in object ? { [key]: listOf(object[key]).map((item) => fill(objectOf(item))) } : {};

function defaultedContainer(container: JsonObject): JsonObject {
  const image = textOf(container["image"]);
  return {
    ...container,
    ...defaultedList(container, "ports", (port) => ({ ...port, ...fallback(port, "protocol", "TCP") })),
    ...defaultedList(container, "env", defaultedVariable),
    ...fallback(container, "resources", {}),
    ...defaultedProbes(container),
    ...fallback(container, "terminationMessagePath", "/dev/termination-log"),
    ...fallback(container, "terminationMessagePolicy", "File"),
    ...fallback(container, "imagePullPolicy", isLatest(image) ? "Always" : "IfNotPresent"),
  };
}

function isLatest(image: string): boolean {
  if (image.includes("@")) return false;
  const tag = image.slice(image.lastIndexOf("/") + 1).split(":")[1];
  return tag === undefined || tag === "latest";
}

function defaultedVariable(variable: JsonObject): JsonObject {
  const source = variable["valueFrom"];
  return isObject(source) ? { ...variable, valueFrom: defaultedSelectors(source) } : variable;
}

/** The selector of a pod's field, or of a container's resource, in a variable or a file. */
function defaultedSelectors(source: JsonObject): JsonObject {
  const { fieldRef, resourceFieldRef } = source;
  return {
    ...source,
    ...(isObject(fieldRef) ? { fieldRef: { ...fallback(fieldRef, "apiVersion", "v1"), ...fieldRef } } : {}),
    ...(isObject(resourceFieldRef)
      ? { resourceFieldRef: { ...resourceFieldRef, ...fallback(resourceFieldRef, "divisor", "0") } }
      : {}),
  };
}

function defaultedProbes(container: JsonObject): JsonObject {
  const probes = ["livenessProbe", "readinessProbe", "startupProbe"].flatMap((key): [string, Json][] => {
    const probe = container[key];
    return isObject(probe) ? [[key, defaultedProbe(probe)]] : [];
  });
  return Object.fromEntries(probes);
}

function defaultedProbe(probe: JsonObject): JsonObject {
  const httpGet = probe["httpGet"];
  return {
    ...probe,
    ...(isObject(httpGet)
      ? { httpGet: { ...httpGet, ...fallback(httpGet, "path", "/"), ...fallback(httpGet, "scheme", "HTTP") } }
      : {}),
    ...fallback(probe, "timeoutSeconds", 1),
    ...fallback(probe, "periodSeconds", 10),
    ...fallback(probe, "successThreshold", 1),
    ...fallback(probe, "failureThreshold", 3),
  };
}

const modes: readonly string[] = ["configMap", "secret", "downwardAPI", "projected"];

function defaultedVolume(volume: JsonObject): JsonObject {
  const kind = modes.find((key) => isObject(volume[key]));
  if (kind !== undefined) {
    const source = objectOf(volume[kind]);
    const files = kind === "downwardAPI" ? defaultedList(source, "items", defaultedSelectors) : {};
    return { ...volume, [kind]: { ...source, ...files, ...fallback(source, "defaultMode", 420) } };
  }
  const hasSource = Object.keys(volume).some((key) => key !== "name");
  return hasSource ? volume : { ...volume, emptyDir: {} };
}
