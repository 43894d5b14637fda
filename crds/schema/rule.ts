/**
 * A validation rule in two languages: the CEL that the API server evaluates, and an equivalent TypeScript function for our own
 * validator, which therefore needs no CEL interpreter. The tests prove that they agree.
 */
export interface Rule {
  /** Text of `x-kubernetes-validations[].rule`. */
  readonly cel: string;
  /** What the API server says when the rule does not hold. */
  readonly message: string;
  /** Field that the error points at, relative to the rule's place, such as `.products`. */
  readonly fieldPath?: string;
  /**
   * The same rule. As on the server, it is evaluated only for values of the types that the schema requires.
   *
   * @param self the value at the rule's place in the schema
   */
  readonly holds: (self: unknown) => boolean;
}

/** Rules by CEL: how the validator finds the TypeScript function of a rule in a CRD. */
export type RuleTable = ReadonlyMap<string, Rule>;

/** A rule whose TypeScript function takes the type that the schema at its place allows. */
export interface TypedRule<Self> extends Omit<Rule, "holds"> {
  readonly holds: (self: Self) => boolean;
}

/** Makes a rule of a typed one. */
export function rule<Self>(parts: TypedRule<Self>): Rule {
  // as: the validator evaluates a rule only for values of the types that the schema requires.
  return { ...parts, holds: (self) => parts.holds(self as Self) };
}
