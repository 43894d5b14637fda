import { Type, type TString } from "typebox";

import { rule, type Rule } from "./rule.ts";

/** A string with a pattern whose violation is explained in words. */
export function text(options: {
  readonly description: string;
  readonly assumed?: string;
  /** Regular expression with the same meaning in RE2 and JavaScript, without single quotes and backslashes. */
  readonly pattern: string;
  /** Error message when the pattern does not match, such as `must be …`. */
  readonly complaint: string;
  /** In characters; also bounds the CEL cost of the rule. */
  readonly maxLength: number;
}): TString {
  const { pattern, complaint, ...described } = options;
  return Type.String({ ...described, rules: [matching(pattern, complaint)] });
}

/**
 * The rule that a string matches a pattern. The error of a schema's `pattern` keyword would show only the expression.
 *
 * @param subject CEL expression of the string; `string(self)` where self may be a number
 */
export function matching(pattern: string, complaint: string, subject = "self"): Rule {
  const expression = new RegExp(pattern);
  return rule<string | number>({
    cel: `${subject}.matches('${pattern}')`,
    message: complaint,
    holds: (self) => expression.test(String(self)),
  });
}
