import { issue, type ValidationIssue } from "./issue.ts";
import { isJsonObject, type JsonObject } from "./structural-schema.ts";

/** `subresources.scale` of a CustomResourceDefinition's version. */
export interface ScalePaths {
  /** Such as `.spec.replicas`. */
  readonly specReplicasPath: string;
  /** Such as `.status.replicas`. */
  readonly statusReplicasPath: string;
  /** Such as `.status.selector`. */
  readonly labelSelectorPath?: string;
}

/** Validation errors of the fields that /scale uses (apiextensions-apiserver, customresource/validator.go). */
export function scaleIssues(scale: ScalePaths | undefined, object: JsonObject): ValidationIssue[] {
  if (scale === undefined) return [];
  return [...replicasIssues(scale.specReplicasPath, object), ...scaleStatusIssues(scale, object)];
}

/** The errors of these in status only. */
export function scaleStatusIssues(scale: ScalePaths | undefined, object: JsonObject): ValidationIssue[] {
  if (scale === undefined) return [];
  const { statusReplicasPath, labelSelectorPath } = scale;
  const ofSelector = labelSelectorPath === undefined ? [] : selectorIssues(labelSelectorPath, object);
  return [...replicasIssues(statusReplicasPath, object), ...ofSelector];
}

const most = 2 ** 31 - 1;

function replicasIssues(path: string, object: JsonObject): ValidationIssue[] {
  const { value, fault } = lookup(object, path);
  if (fault !== undefined) return [issue("FieldValueInvalid", { path, value: 0, detail: fault })];
  if (value === undefined) return [];
  if (typeof value !== "number" || !Number.isInteger(value)) {
    return [issue("FieldValueInvalid", { path, value: 0, detail: accessorFault(path, value, "int64") })];
  }
  if (value >= 0 && value <= most) return [];
  const detail = value < 0 ? "should be a non-negative integer" : `should be less than or equal to ${most}`;
  return [issue("FieldValueInvalid", { path, value, detail })];
}

function selectorIssues(path: string, object: JsonObject): ValidationIssue[] {
  const { value, fault } = lookup(object, path);
  const isText = value === undefined || typeof value === "string";
  const detail = fault ?? (isText ? undefined : accessorFault(path, value, "string"));
  return detail === undefined ? [] : [issue("FieldValueInvalid", { path, value: "", detail })];
}

/** The value at a path, or the error of apimachinery's accessor (unstructured.NestedFieldNoCopy). */
function lookup(object: JsonObject, path: string): { readonly value?: unknown; readonly fault?: string } {
  const names = path.split(".").slice(1);
  let current: unknown = object;
  for (const name of names) {
    if (!isJsonObject(current)) return { fault: accessorFault(path, current, "map[string]interface{}") };
    if (!Object.hasOwn(current, name)) return {};
    current = current[name];
  }
  return { value: current };
}

function accessorFault(path: string, value: unknown, wanted: string): string {
  return `${path} accessor error: ${goValue(value)} is of the type ${goType(value)}, expected ${wanted}`;
}

/** A JSON value as Go's %v prints it. */
function goValue(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goValue).join(" ")}]`;
  if (!isJsonObject(value)) return typeof value === "string" ? value : JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([name, member]) => `${name}:${goValue(member)}`).join(" ")}]`;
}

/** A JSON value's type as Go's %T prints it. */
function goType(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "number":
      return Number.isInteger(value) ? "int64" : "float64";
    default:
      return "map[string]interface {}";
  }
}
