import { child, issue, type ValidationIssue } from "./issue.ts";
import { fieldSchema, isJsonObject, type JsonObject, type StructuralSchema } from "./structural-schema.ts";

/** Validation errors about duplicate entries of lists of type set and map. */
export function duplicateIssues(schema: StructuralSchema, value: unknown, path: string): ValidationIssue[] {
  if (Array.isArray(value)) return listIssues(schema, value, path);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const known = fieldSchema(schema, name);
    const isField = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
    return known === undefined ? [] : duplicateIssues(known, member, isField ? child(path, name) : `${path}[${name}]`);
  });
}

function listIssues(schema: StructuralSchema, value: readonly unknown[], path: string): ValidationIssue[] {
  const { items } = schema;
  const inside =
    items === undefined ? [] : value.flatMap((item, index) => duplicateIssues(items, item, `${path}[${index}]`));
  return [...repeated(schema, value, path), ...inside];
}

function repeated(schema: StructuralSchema, value: readonly unknown[], path: string): ValidationIssue[] {
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "set") return repeatedIdentities(value, path);
  if (listType !== "map") return [];
  const stray = value.findIndex((entry) => entry !== null && !isJsonObject(entry));
  if (stray !== -1) {
    const detail = "must be an object for an array of list-type map";
    return [issue("FieldValueInvalid", { path: `${path}[${stray}]`, value: value[stray], detail })];
  }
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  return repeatedIdentities(
    value.map((entry) => keyOf(isJsonObject(entry) ? entry : {}, keys)),
    path,
  );
}

function keyOf(entry: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(entry, key)).map((key) => [key, entry[key]]));
}

/** One error per repeated identity, at its second occurrence. */
function repeatedIdentities(identities: readonly unknown[], path: string): ValidationIssue[] {
  const seen = new Map<string, number>();
  const issues: ValidationIssue[] = [];
  for (const [index, identity] of identities.entries()) {
    const text = JSON.stringify(identity);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    if (times === 1) issues.push(issue("FieldValueDuplicate", { path: `${path}[${index}]`, value: identity }));
  }
  return issues;
}
