/**
 * A validation rule in both of its languages: the CEL text that the API server runs, and the same test in TypeScript
 * for our own validator, which therefore needs no CEL interpreter. The two are held together by the tests.
 */
export interface Rule {
  /** Text of `x-kubernetes-validations[].rule`. */
  readonly cel: string;
  /** What the API server says when the rule does not hold. */
  readonly message: string;
  /** Field that the complaint points at, relative to the rule's place, as `.products`. */
  readonly fieldPath?: string;
  /**
   * The same rule. Like CEL on the server it is only asked about values that have passed the types of their schema.
   *
   * @param self the value at the rule's place in the schema
   */
  readonly holds: (self: unknown) => boolean;
}

/** Rules by their CEL text: how the validator finds the TypeScript side of a rule in a printed CRD. */
export type RuleTable = ReadonlyMap<string, Rule>;

/** A rule whose TypeScript side is written for the type that the schema at its place admits. */
export interface TypedRule<Self> extends Omit<Rule, "holds"> {
  readonly holds: (self: Self) => boolean;
}

/** A rule whose TypeScript side sees a typed value. */
export function rule<Self>(parts: TypedRule<Self>): Rule {
  // The validator asks a rule only when the value has passed the types of its schema.
  return { ...parts, holds: (self) => parts.holds(self as Self) }; // as: see the line above
}
