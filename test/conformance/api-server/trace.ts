import type { KubeRequest, Transport } from "../../../operator/kube/transport.ts";

/**
 * One request of a trace. In path and body `NS` is the trace's namespace, `RV` and `UID` those of the last object that the
 * server returned, `OLDRV` the previous resourceVersion, `CONTINUE` the token of the last page.
 */
export interface Step {
  readonly method: KubeRequest["method"];
  readonly path: string;
  readonly body?: unknown;
  /** Default: JSON. */
  readonly type?: string;
  readonly accept?: string;
}

/** A response without the values that differ between any two servers. */
export interface Outcome {
  readonly step: string;
  readonly status: number;
  readonly body: unknown;
  readonly warning?: string;
}

export const applyPatch = "application/apply-patch+yaml";
export const mergePatch = "application/merge-patch+json";
export const jsonPatch = "application/json-patch+json";
export const strategicPatch = "application/strategic-merge-patch+json";

/** Values of earlier responses that steps refer to. */
interface LastSeen {
  version: string;
  olderVersion: string;
  uid: string;
  /** Continue token of the last list with a limit. */
  continueToken: string;
}

/** The responses, and the placeholders of values that differ between two servers. */
export interface Outcomes {
  readonly results: readonly Outcome[];
  readonly naming: Naming;
}

/** Sends the steps in order and returns the parts of the responses that are the same on every conforming server. */
export async function outcomes(transport: Transport, namespace: string, steps: readonly Step[]): Promise<Outcomes> {
  const lastSeen: LastSeen = { version: "0", olderVersion: "0", uid: "none", continueToken: "" };
  const naming: Naming = { names: new Map(), namespace };
  const results: Outcome[] = [];
  for (const step of steps) {
    const request = requestOf(step, namespace, lastSeen);
    const { status, headers, body } = await transport.send(request);
    const value = parsed(body);
    remember(lastSeen, value);
    const warning = status < 300 ? unknownFields(headers["warning"] ?? "") : "";
    results.push({
      step: `${step.method} ${step.path}`,
      status,
      body: normalised(value, "", naming),
      ...(warning === "" ? {} : { warning }),
    });
  }
  return { results, naming };
}

/** The model implements only warnings about unknown fields; warnings of refused requests are ignored. */
function unknownFields(warnings: string): string {
  const texts = warnings.split(/, (?=299 )/u);
  return texts.filter((text) => text.includes("unknown field")).join(", ");
}

function requestOf({ method, path, body, type, accept }: Step, namespace: string, lastSeen: LastSeen): KubeRequest {
  const filled = (text: string): string =>
    text
      .replaceAll("CONTINUE", encodeURIComponent(lastSeen.continueToken))
      .replaceAll("OLDRV", lastSeen.olderVersion)
      .replaceAll("RV", lastSeen.version)
      .replaceAll("UID", lastSeen.uid)
      .replaceAll("NS", namespace);
  return {
    method,
    path: filled(path),
    headers: {
      accept: accept ?? "application/json",
      "user-agent": "trace/1",
      ...(body === undefined ? {} : { "content-type": type ?? "application/json" }),
    },
    ...(body === undefined ? {} : { body: filled(typeof body === "string" ? body : JSON.stringify(body)) }),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function remember(lastSeen: LastSeen, value: unknown): void {
  const metadata = record(record(value)["metadata"]);
  if (typeof metadata["continue"] === "string") lastSeen.continueToken = metadata["continue"];
  if (typeof metadata["uid"] !== "string" || typeof metadata["resourceVersion"] !== "string") return;
  if (metadata["resourceVersion"] !== lastSeen.version) lastSeen.olderVersion = lastSeen.version;
  lastSeen.version = metadata["resourceVersion"];
  lastSeen.uid = metadata["uid"];
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

/** Placeholders, by the UIDs, resourceVersions and namespace that they replace. */
export interface Naming {
  readonly names: Map<string, string>;
  readonly namespace: string;
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gu;
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/gu;

/** A value with placeholders for everything that differs between any two servers. */
export function normalised(value: unknown, key: string, naming: Naming): unknown {
  if (Array.isArray(value)) return value.map((item) => normalised(item, key, naming));
  if (typeof value === "object" && value !== null) {
    const isObject = "uid" in value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, memberOf(name, item, { naming, isObject })]),
    );
  }
  return typeof value === "string" ? normalisedText(value, key, naming) : value;
}

function memberOf(
  name: string,
  item: unknown,
  { naming, isObject }: { readonly naming: Naming; readonly isObject: boolean },
): unknown {
  if (name === "resourceVersion" && !isObject) return "VERSION";
  // The response of a slice removed with its last finalizer is as sent, others are as stored. Readers treat both as missing.
  if ((name === "endpoints" || name === "ports") && item === null) return [];
  if (name === "causes" && Array.isArray(item)) return distinct(sorted(normalised(item, name, naming)));
  if (name === "managedFields" && Array.isArray(item)) return sorted(normalised(item, name, naming));
  return name === "columnDefinitions" ? columns(item) : normalised(item, name, naming);
}

function normalisedText(value: string, key: string, { names, namespace }: Naming): string {
  if (key === "resourceVersion") return alias(names, value, "version");
  if (key === "clusterIP" || key === "clusterIPs") return value === "None" ? value : "ADDRESS";
  if (key === "cells" && /^\d+s$/u.test(value)) return "AGE";
  if (key === "cells" && /^10\.96(\.\d+){2}$/u.test(value)) return "ADDRESS";
  if (key === "continue") return value === "" ? "" : "TOKEN";
  return value
    .replace(/\n@@[^]*$/u, "")
    .replace(/(cannot unmarshal) .*$/u, "$1")
    .replace(/(Invalid value: "\{)[^]*(\}": strict decoding error)/u, "$1$2")
    .replace(/(too old resource version: \d+) \(\d+\)/u, "$1 (VERSION)")
    .replaceAll(/in (record|the precondition) \(\d+\)/gu, "in $1 (VERSION)")
    .replace(/(continue key is not valid:).*$/u, "$1")
    .replaceAll(uuid, (uid) => alias(names, uid, "uid"))
    .replaceAll(time, "TIME")
    .replaceAll(namespace, "NS");
}

function alias(names: Map<string, string>, value: string, prefix: string): string {
  const key = `${prefix} ${value}`;
  const known = names.get(key);
  if (known !== undefined) return known;
  const name = `${prefix}-${[...names.values()].filter((one) => one.startsWith(prefix)).length + 1}`;
  names.set(key, name);
  return name;
}

// Column descriptions are ignored: kubectl does not show them.
function columns(definitions: unknown): unknown {
  return Array.isArray(definitions)
    ? definitions.map((column: object) => ({ ...column, description: "" }))
    : definitions;
}

// The real server reports the same error twice where its validations overlap.
function distinct(causes: unknown): unknown {
  if (!Array.isArray(causes)) return causes;
  return [...new Map(causes.map((cause: unknown) => [JSON.stringify(cause), cause])).values()];
}

// The order of managers depends on the second of their writes, and the order of conflicts is random.
function sorted(entries: unknown): unknown {
  const key = (entry: unknown): string => {
    const { time: _time, ...rest } = record(entry);
    return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return Array.isArray(entries) ? entries.toSorted((left, right) => (key(left) < key(right) ? -1 : 1)) : entries;
}
