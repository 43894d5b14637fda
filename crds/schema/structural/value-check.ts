import { child, issue, type ValidationIssue } from "./issue.ts";
import { enumIssue, numberIssues, stringIssues } from "./scalar-checks.ts";
import { fieldSchema, isJsonObject, type JsonObject, type StructuralSchema } from "./structural-schema.ts";
import { typeIssue } from "./type-check.ts";

/**
 * Validation errors of the schema alone, without duplicate entries and rules. All checks for the kind of value run, also after a
 * wrong type.
 */
export function valueIssues(schema: StructuralSchema, value: unknown, path: string): ValidationIssue[] {
  const wrongType = typeIssue(schema, value, path);
  const notListed = enumIssue(schema, value, path);
  return [
    ...(wrongType === undefined ? [] : [wrongType]),
    ...kindIssues(schema, value, path),
    ...(notListed === undefined ? [] : [notListed]),
  ];
}

function kindIssues(schema: StructuralSchema, value: unknown, path: string): ValidationIssue[] {
  if (typeof value === "string") return stringIssues(schema, value, path);
  if (typeof value === "number") return numberIssues(schema, value, path);
  if (Array.isArray(value)) return arrayIssues(schema, value, path);
  return isJsonObject(value) ? objectIssues(schema, value, path) : [];
}

function arrayIssues(schema: StructuralSchema, value: readonly unknown[], path: string): ValidationIssue[] {
  const { items, minItems, maxItems } = schema;
  const issues =
    items === undefined ? [] : value.flatMap((item, index) => valueIssues(items, item, `${path}[${index}]`));
  if (minItems !== undefined && value.length < minItems) {
    const detail = `${path} in body should have at least ${minItems} items`;
    issues.push(issue("FieldValueInvalid", { path, value: value.length, detail }));
  }
  if (maxItems !== undefined && value.length > maxItems) issues.push(tooMany(path, value.length, maxItems));
  return issues;
}

function objectIssues(schema: StructuralSchema, value: JsonObject, path: string): ValidationIssue[] {
  const members = Object.entries(value).flatMap(([name, member]) => {
    const known = fieldSchema(schema, name);
    return known === undefined ? [] : valueIssues(known, member, child(path, name));
  });
  const missing = (schema.required ?? [])
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => issue("FieldValueRequired", { path: child(path, name) }));
  return [...propertyCountIssues(schema, Object.keys(value).length, path), ...members, ...missing];
}

function propertyCountIssues(schema: StructuralSchema, count: number, path: string): ValidationIssue[] {
  const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema;
  if (count > maxProperties) return [tooMany(path, count, maxProperties)];
  if (count >= minProperties) return [];
  const detail = `${path} in body should have at least ${minProperties} properties`;
  return [issue("FieldValueInvalid", { path, value: count, detail })];
}

function tooMany(path: string, value: number, limit: number): ValidationIssue {
  return issue("FieldValueTooMany", {
    path,
    value,
    detail: `must have at most ${limit} ${limit === 1 ? "item" : "items"}`,
  });
}
