import type { RuleTable } from "../rule.ts";
import { child, issue, type ValidationIssue } from "./issue.ts";
import { fieldSchema, isJsonObject, type ValidationRule, type StructuralSchema } from "./structural-schema.ts";

/**
 * Validation errors of the rules in `x-kubernetes-validations`. Rules whose CEL is not in the table are skipped (`unknownRules`
 * lists those).
 */
export function ruleIssues(
  schema: StructuralSchema,
  value: unknown,
  path: string,
  rules: RuleTable,
): ValidationIssue[] {
  if (value === null || value === undefined) return [];
  const own = (schema["x-kubernetes-validations"] ?? [])
    .filter((validation) => rules.get(validation.rule)?.holds(value) === false)
    .map((validation) => complaint(schema, validation, value, path));
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

function complaint(
  schema: StructuralSchema,
  validation: ValidationRule,
  value: unknown,
  path: string,
): ValidationIssue {
  const at = validation.fieldPath === undefined ? path : child(path, validation.fieldPath.replace(/^\./, ""));
  const detail = (validation.message ?? `failed rule: ${validation.rule}`).trim();
  if (validation.reason === "FieldValueRequired" || validation.reason === "FieldValueForbidden") {
    return issue(validation.reason, { path: at, detail });
  }
  const compound = schema.type === "object" || schema.type === "array";
  return issue("FieldValueInvalid", { path: at, detail, ...(compound ? {} : { value }) });
}

/** CEL of the schema's rules that are not in the table. */
export function unknownRules(schema: StructuralSchema, rules: RuleTable): string[] {
  const own = (schema["x-kubernetes-validations"] ?? []).map((validation) => validation.rule);
  const { items, additionalProperties, properties = {} } = schema;
  const inside = [...Object.values(properties), items, additionalProperties].flatMap((part) =>
    typeof part === "object" ? unknownRules(part, rules) : [],
  );
  return [...own.filter((text) => !rules.has(text)), ...inside];
}
