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

/**
 * Everything a kube-apiserver complains about when it checks a value against a structural schema, in the server's
 * words. The value must be pruned and defaulted as the server does before (`admitted` in custom-resource.ts).
 * Unknown fields are not complaints of validation: `pruned` finds them. Order is the value's; a server's is random.
 *
 * @param value JSON value
 * @param rules TypeScript side of the schema's rules
 * @param others complaints found elsewhere about the same object
 */
export function validate(
  schema: StructuralSchema,
  value: unknown,
  rules: RuleTable,
  others: readonly ValidationIssue[] = [],
): ValidationIssue[] {
  const issues = [...valueIssues(schema, value, ""), ...others, ...duplicateIssues(schema, value, "")];
  const blocked = issues.some(({ type }) => blocking.has(type));
  const rest = blocked ? [rulesSkipped] : ruleIssues(schema, value, "", rules);
  const texts = new Set<string>();
  return [...issues, ...rest].filter((found) => {
    const isNew = !texts.has(issueText(found));
    texts.add(issueText(found));
    return isNew;
  });
}
