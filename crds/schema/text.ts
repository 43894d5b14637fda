import { Type, type TString } from "typebox";

import { rule, type Rule } from "./rule.ts";

/** A string whose form is explained in words when it is wrong. */
export function text(options: {
  readonly description: string;
  readonly assumed?: string;
  /** Regular expression that RE2 and JavaScript read alike, without single quotes and backslashes. */
  readonly pattern: string;
  /** What the user reads when the pattern does not match, as `must be …`. */
  readonly complaint: string;
  /** Upper bound in characters; it also bounds what the rule may cost. */
  readonly maxLength: number;
}): TString {
  const { pattern, complaint, ...described } = options;
  return Type.String({ ...described, rules: [matching(pattern, complaint)] });
}

/**
 * The rule that a string matches a pattern. A schema's own `pattern` would print only itself.
 *
 * @param subject CEL of the string; `string(self)` where self may be a number
 */
export function matching(pattern: string, complaint: string, subject = "self"): Rule {
  const expression = new RegExp(pattern);
  return rule<string | number>({
    cel: `${subject}.matches('${pattern}')`,
    message: complaint,
    holds: (self) => expression.test(String(self)),
  });
}
