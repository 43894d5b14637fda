import { goQuoted } from "../grammar/go-quoted.ts";
import { issue, type ValidationIssue } from "./issue.ts";
import type { StructuralSchema, StructuralType } from "./structural-schema.ts";

/** The API server's name of a JSON value's type. */
function typeName(value: unknown): StructuralType | "null" {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "boolean";
    case "number":
      return Number.isInteger(value) ? "integer" : "number";
    default:
      return "object";
  }
}

const numberFormats: Readonly<Record<string, string>> = { integer: "int64", number: "float64" };

function admittedTypes(schema: StructuralSchema): readonly string[] {
  if (schema["x-kubernetes-int-or-string"] === true) return ["integer", "string"];
  return schema.type === undefined ? [] : [schema.type];
}

/** The validation error of a value of the wrong type. Order and texts follow kube-openapi, pkg/validation/validate/type.go. */
export function typeIssue(schema: StructuralSchema, value: unknown, path: string): ValidationIssue | undefined {
  const types = admittedTypes(schema);
  const found = typeName(value);
  if (types.length === 0 || isAdmitted(schema, types, found)) return undefined;
  const complain = (wanted: string, got: string) =>
    issue("FieldValueTypeInvalid", {
      path,
      value: got,
      detail: `${path} in body must be of type ${wanted}: ${goQuoted(got)}`,
    });
  // The format is checked before the type, except for strings and lists.
  if (schema.format !== undefined && !["null", "string", "array"].includes(found)) {
    return complain(schema.format, numberFormats[found] ?? "");
  }
  return complain(types.join(","), found);
}

function isAdmitted(schema: StructuralSchema, types: readonly string[], found: string): boolean {
  if (types.includes(found) || (found === "integer" && types.includes("number"))) return true;
  if (found === "null") return schema.nullable === true;
  // The server accepts a list for a string with a format.
  return found === "array" && schema.type === "string" && schema.format !== undefined;
}
