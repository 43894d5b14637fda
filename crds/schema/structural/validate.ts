import type { RuleTable } from "../rule.ts";
import { issue, issueText, type IssueType, type ValidationIssue } from "./issue.ts";
import { duplicateIssues } from "./list-uniqueness.ts";
import { ruleIssues } from "./rule-check.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { valueIssues } from "./value-check.ts";

/** Errors after which the server skips the rules (apiextensions-apiserver, customresource/strategy.go). */
const blocking: ReadonlySet<IssueType> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const rulesSkipped = issue("FieldValueInvalid", {
  path: "",
  value: null,
  detail:
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
});

/** Input of a validation: a pruned and defaulted JSON value, its schema and rules. */
export interface Checked {
  readonly schema: StructuralSchema;
  readonly value: unknown;
  /** TypeScript functions of the schema's rules. */
  readonly rules: RuleTable;
}

/**
 * Validates a value against a structural schema; returns the errors of a kube-apiserver in its own words. Unknown fields are not
 * validation errors: `pruned` finds them. The order follows the value; that of a server is random.
 */
export function validate(checked: Checked): ValidationIssue[] {
  return withRules(checked, valueIssues(checked.schema, checked.value, ""));
}

/** Adds the errors of duplicate entries and of rules to those found before; drops repeated errors. */
export function withRules({ schema, value, rules }: Checked, found: readonly ValidationIssue[]): ValidationIssue[] {
  const issues = [...found, ...duplicateIssues(schema, value, "")];
  const blocked = issues.some(({ type }) => blocking.has(type));
  const rest = blocked ? [rulesSkipped] : ruleIssues(schema, value, "", rules);
  const texts = new Set<string>();
  return [...issues, ...rest].filter((complaint) => {
    const isNew = !texts.has(issueText(complaint));
    texts.add(issueText(complaint));
    return isNew;
  });
}
