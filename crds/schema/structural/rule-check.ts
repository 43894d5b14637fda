import type { RuleTable } from "../rule.ts";
import { child, issue, type ValidationIssue } from "./issue.ts";
import { fieldSchema, isJsonObject, type PrintedRule, type StructuralSchema } from "./structural-schema.ts";

/**
 * Complaints of the rules in `x-kubernetes-validations`. A rule whose CEL text the table does not have is skipped
 * (`unknownRules` lists those).
 */
export function ruleIssues(
  schema: StructuralSchema,
  value: unknown,
  path: string,
  rules: RuleTable,
): ValidationIssue[] {
  if (value === null || value === undefined) return [];
  const own = (schema["x-kubernetes-validations"] ?? [])
    .filter((printed) => rules.get(printed.rule)?.holds(value) === false)
    .map((printed) => complaint(schema, printed, value, path));
  return [...own, ...issuesInside(schema, value, path, rules)];
}

function issuesInside(schema: StructuralSchema, value: unknown, path: string, rules: RuleTable): ValidationIssue[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? []
      : value.flatMap((item, index) => ruleIssues(items, item, `${path}[${index}]`, rules));
  }
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const known = fieldSchema(schema, name);
    const isField = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
    return known === undefined
      ? []
      : ruleIssues(known, member, isField ? child(path, name) : `${path}[${name}]`, rules);
  });
}

function complaint(schema: StructuralSchema, printed: PrintedRule, value: unknown, path: string): ValidationIssue {
  const at = printed.fieldPath === undefined ? path : child(path, printed.fieldPath.replace(/^\./, ""));
  const detail = (printed.message ?? `failed rule: ${printed.rule}`).trim();
  if (printed.reason === "FieldValueRequired" || printed.reason === "FieldValueForbidden") {
    return issue(printed.reason, { path: at, detail });
  }
  const compound = schema.type === "object" || schema.type === "array";
  return issue("FieldValueInvalid", { path: at, detail, ...(compound ? {} : { value }) });
}

/** CEL texts in a schema that the table has no TypeScript side for. */
export function unknownRules(schema: StructuralSchema, rules: RuleTable): string[] {
  const own = (schema["x-kubernetes-validations"] ?? []).map((printed) => printed.rule);
  const { items, additionalProperties, properties = {} } = schema;
  const inside = [...Object.values(properties), items, additionalProperties].flatMap((part) =>
    typeof part === "object" ? unknownRules(part, rules) : [],
  );
  return [...own.filter((text) => !rules.has(text)), ...inside];
}
