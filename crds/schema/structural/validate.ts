import type { RuleTable } from "../rule.ts";
import { issue, issueText, type IssueType, type ValidationIssue } from "./issue.ts";
import { duplicateIssues } from "./list-uniqueness.ts";
import { ruleIssues } from "./rule-check.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { valueIssues } from "./value-check.ts";

/** Complaints that make the server skip the rules (apiextensions-apiserver, customresource/strategy.go). */
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

/** What is checked: a JSON value that is pruned and defaulted already, and what it is checked against. */
export interface Checked {
  readonly schema: StructuralSchema;
  readonly value: unknown;
  /** TypeScript sides of the schema's rules. */
  readonly rules: RuleTable;
}

/**
 * Everything a kube-apiserver complains about when it checks a value against a structural schema, in the server's
 * words. Unknown fields are not complaints of validation: `pruned` finds them. Order is the value's; a server's is
 * random.
 */
export function validate(checked: Checked): ValidationIssue[] {
  return withRules(checked, valueIssues(checked.schema, checked.value, ""));
}

/** Adds what lists and rules complain about to complaints that were found before; each complaint stands once. */
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
