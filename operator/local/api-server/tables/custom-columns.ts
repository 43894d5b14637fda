import type { Column } from "../kinds/served-kind.ts";
import { numberOf, objectOf, textOf, type Json, type JsonObject } from "../values/json.ts";
import { age } from "./age.ts";
import { jsonPath } from "./json-path.ts";

/** The columns of a custom resource: NAME and `additionalPrinterColumns`, or AGE when there are none. */
export function customColumns(written: readonly JsonObject[]): readonly Column[] {
  const columns =
    written.length === 0 ? [{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }] : written;
  return [nameColumn, ...columns.map(customColumn)];
}

/** The first column of every table. */
export const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description:
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names",
  priority: 0,
  cell: (object) => textOf(objectOf(object["metadata"])["name"]),
};

function customColumn(written: JsonObject): Column {
  const type = textOf(written["type"]);
  const path = textOf(written["jsonPath"]);
  const read = jsonPath(path);
  return {
    name: textOf(written["name"]),
    type,
    format: textOf(written["format"]),
    description: textOf(written["description"]) || `Custom resource definition column (in JSONPath format): ${path}`,
    priority: numberOf(written["priority"]) ?? 0,
    cell: (object, nowMs) => cellOf(type, read(object), nowMs),
  };
}

function cellOf(type: string, found: readonly Json[], nowMs: number): string | number | boolean | null {
  const [value] = found;
  if (value === undefined || value === null) return null;
  if (type === "date") return age(value, nowMs);
  if (type === "integer" || type === "number") return typeof value === "number" ? value : null;
  if (type === "boolean") return typeof value === "boolean" ? value : null;
  return found.map((item) => (typeof item === "string" ? item : JSON.stringify(item))).join(",");
}
