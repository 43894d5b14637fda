import type { Column } from "../kinds/served-kind.ts";
import { selectorText } from "../store/selectors.ts";
import { listOf, objectOf, printed, textOf, valueAt, type JsonObject } from "../values/json.ts";
import { age } from "./age.ts";
import { nameColumn } from "./custom-columns.ts";
import { podColumns } from "./pod-columns.ts";

type Cell = Column["cell"];

/** A column of a built-in kind. */
const column = (name: string, cell: Cell, more: Partial<Column> = {}): Column => ({
  name,
  type: "string",
  format: "",
  description: "",
  priority: 0,
  cell,
  ...more,
});

const wide = { priority: 1 } as const;
const whole = { type: "integer" } as const;

const text =
  (...path: readonly string[]): Cell =>
  (object) =>
    textOf(valueAt(object, path));

const textOrNone =
  (...path: readonly string[]): Cell =>
  (object) =>
    textOf(valueAt(object, path)) || "<none>";

const count =
  (...path: readonly string[]): Cell =>
  (object) => {
    const value = valueAt(object, path);
    return typeof value === "number" ? value : 0;
  };

const size =
  (...keys: readonly string[]): Cell =>
  (object) =>
    keys.reduce((sum, key) => sum + Object.keys(objectOf(object[key])).length, 0);

const ageColumn = column("Age", (object, nowMs) => age(valueAt(object, ["metadata", "creationTimestamp"]), nowMs));

function ports(object: JsonObject): string {
  const written = listOf(valueAt(object, ["spec", "ports"])).map((port) => {
    const { port: number, nodePort, protocol } = objectOf(port);
    const outside = typeof nodePort === "number" ? `:${nodePort}` : "";
    return `${printed(number)}${outside}/${textOf(protocol)}`;
  });
  return written.join(",") || "<none>";
}

const mapText = (value: JsonObject): string =>
  Object.entries(value)
    .map(([key, item]) => `${key}=${textOf(item)}`)
    .join(",") || "<none>";

const containers =
  (field: string, ...path: readonly string[]): Cell =>
  (object) =>
    listOf(valueAt(object, [...path, "containers"]))
      .map((container) => textOf(objectOf(container)[field]))
      .join(",");

const workloadSelector: Cell = (object) => selectorText(objectOf(valueAt(object, ["spec", "selector"]))) || "<none>";

const workload = [
  column("Containers", containers("name", "spec", "template", "spec"), wide),
  column("Images", containers("image", "spec", "template", "spec"), wide),
  column("Selector", workloadSelector, wide),
];

function accessModes(object: JsonObject): string {
  const short: Readonly<Record<string, string>> = {
    ReadWriteOnce: "RWO",
    ReadOnlyMany: "ROX",
    ReadWriteMany: "RWX",
    ReadWriteOncePod: "RWOP",
  };
  return listOf(valueAt(object, ["status", "accessModes"]))
    .map((mode) => short[textOf(mode)] ?? textOf(mode))
    .join(",");
}

function nodeStatus(object: JsonObject): string {
  const ready = listOf(valueAt(object, ["status", "conditions"]))
    .map(objectOf)
    .find(({ type }) => type === "Ready");
  const states = [ready?.["status"] === "True" ? "Ready" : ready === undefined ? "Unknown" : "NotReady"];
  if (valueAt(object, ["spec", "unschedulable"]) === true) states.push("SchedulingDisabled");
  return states.join(",");
}

const lastSeen: Cell = (object, nowMs) =>
  age(object["lastTimestamp"] ?? object["eventTime"] ?? valueAt(object, ["metadata", "creationTimestamp"]), nowMs);

const involved: Cell = (object) =>
  `${textOf(valueAt(object, ["involvedObject", "kind"])).toLowerCase()}/${textOf(valueAt(object, ["involvedObject", "name"]))}`;

const endpoints: Cell = (object) =>
  listOf(object["endpoints"])
    .flatMap((endpoint) => listOf(objectOf(endpoint)["addresses"]).map(textOf))
    .slice(0, 3)
    .join(",") || "<unset>";

const portsOfSlice: Cell = (object) =>
  listOf(object["ports"])
    .map((port) => printed(objectOf(port)["port"] ?? "*"))
    .join(",") || "<unset>";

const amount =
  (key: string): Cell =>
  (object) => {
    const value = valueAt(object, ["spec", key]);
    return value === undefined || value === null ? "N/A" : printed(value);
  };

const byKind: Readonly<Record<string, readonly Column[]>> = {
  ConfigMap: [nameColumn, column("Data", size("data", "binaryData")), ageColumn],
  CustomResourceDefinition: [nameColumn, column("Created At", text("metadata", "creationTimestamp"), { type: "date" })],
  Deployment: [
    nameColumn,
    column(
      "Ready",
      (object, now) =>
        `${String(count("status", "readyReplicas")(object, now))}/${String(count("spec", "replicas")(object, now))}`,
    ),
    column("Up-to-date", count("status", "updatedReplicas"), whole),
    column("Available", count("status", "availableReplicas"), whole),
    ageColumn,
    ...workload,
  ],
  EndpointSlice: [
    nameColumn,
    column("AddressType", text("addressType")),
    column("Ports", portsOfSlice),
    column("Endpoints", endpoints),
    ageColumn,
  ],
  Event: [
    column("Last Seen", lastSeen),
    column("Type", text("type")),
    column("Reason", text("reason")),
    column("Object", involved),
    column("Subobject", text("involvedObject", "fieldPath"), wide),
    column("Source", text("source", "component"), wide),
    column("Message", (object) => textOf(object["message"]).trim()),
    column("First Seen", (object, nowMs) => age(object["firstTimestamp"] ?? object["eventTime"], nowMs), wide),
    column("Count", (object) => (typeof object["count"] === "number" ? object["count"] : 1), { ...whole, ...wide }),
    { ...nameColumn, ...wide },
  ],
  Lease: [nameColumn, column("Holder", text("spec", "holderIdentity")), ageColumn],
  Namespace: [nameColumn, column("Status", text("status", "phase")), ageColumn],
  Node: [
    nameColumn,
    column("Status", nodeStatus),
    column("Roles", () => "<none>"),
    ageColumn,
    column("Version", text("status", "nodeInfo", "kubeletVersion")),
  ],
  PersistentVolumeClaim: [
    nameColumn,
    column("Status", text("status", "phase")),
    column("Volume", text("spec", "volumeName")),
    column("Capacity", text("status", "capacity", "storage")),
    column("Access Modes", accessModes),
    column("StorageClass", text("spec", "storageClassName")),
    column("VolumeAttributesClass", () => "<unset>"),
    ageColumn,
    column("VolumeMode", text("spec", "volumeMode"), wide),
  ],
  Pod: [nameColumn, ...podColumns],
  PodDisruptionBudget: [
    nameColumn,
    column("Min Available", amount("minAvailable")),
    column("Max Unavailable", amount("maxUnavailable")),
    column("Allowed Disruptions", count("status", "disruptionsAllowed"), whole),
    ageColumn,
  ],
  ReplicaSet: [
    nameColumn,
    column("Desired", count("spec", "replicas"), whole),
    column("Current", count("status", "replicas"), whole),
    column("Ready", count("status", "readyReplicas"), whole),
    ageColumn,
    ...workload,
  ],
  Secret: [nameColumn, column("Type", text("type")), column("Data", size("data")), ageColumn],
  Service: [
    nameColumn,
    column("Type", text("spec", "type")),
    column("Cluster-IP", textOrNone("spec", "clusterIP")),
    column("External-IP", () => "<none>"),
    column("Port(s)", ports),
    ageColumn,
    column("Selector", (object) => mapText(objectOf(valueAt(object, ["spec", "selector"]))), wide),
  ],
  ServiceAccount: [nameColumn, ageColumn],
};

/** The columns of a built-in kind, as in the real server's pkg/printers/internalversion/printers.go. */
export const builtinColumns = (kind: string): readonly Column[] => byKind[kind] ?? [nameColumn, ageColumn];
