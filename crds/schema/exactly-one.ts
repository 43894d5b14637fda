import { Type, type TObject, type TOptional, type TSchema } from "typebox";

import { rule, type Rule } from "./rule.ts";

type Optional<Members extends Record<string, TSchema>> = { [Key in keyof Members]: TOptional<Members[Key]> };

/**
 * A union tagged by which member is set. All members are optional and a rule requires exactly one, because a structural schema cannot
 * use `oneOf`.
 */
export function exactlyOne<Members extends Record<string, TSchema>>(
  members: Members,
  options: { readonly description: string },
): TObject<Optional<Members>> {
  const names = Object.keys(members);
  const optional = Object.fromEntries(names.map((name) => [name, Type.Optional(members[name] ?? {})]));
  // as: the type of Object.fromEntries does not relate keys to values.
  return Type.Object(optional as Optional<Members>, { ...options, rules: [onlyOneOf(names)] });
}

/** The rule that exactly one of these members is set, for objects that also have other members. */
export function onlyOneOf(names: readonly string[]): Rule {
  return rule<Readonly<Record<string, unknown>>>({
    cel: `${names.map((name) => `(has(self.${name}) ? 1 : 0)`).join(" + ")} == 1`,
    message: `exactly one of ${names.join(", ")} must be set`,
    holds: (self) => names.filter((name) => self[name] !== undefined).length === 1,
  });
}
