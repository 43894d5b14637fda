import { abbreviated } from "../../runtime/base/fault.ts";

/** A rule for a value from outside. */
export interface ValueRule {
  /** Completes `not …`: `a number`. */
  readonly text: string;
  readonly holds: (value: unknown) => boolean;
  /** Rule for the elements of a list. */
  readonly element?: ValueRule;
  /** Rules for the members of an object. */
  readonly members?: Readonly<Record<string, ValueRule>>;
}

export const text: ValueRule = { text: "a text", holds: (value) => typeof value === "string" };

export const number: ValueRule = { text: "a number", holds: (value) => Number.isFinite(value) };

/** Bound that keeps sums and squares of amounts finite and precise. */
const maxAmount = 1e12;

/** A non-negative amount, not necessarily whole. */
export const amount: ValueRule = {
  text: `a number from 0 to ${maxAmount}`,
  holds: (value) => number.holds(value) && Number(value) >= 0 && Number(value) <= maxAmount,
};

/** A whole number within bounds. */
export const wholeNumber = (least: number, most: number): ValueRule => ({
  text: `a whole number from ${least} to ${most}`,
  holds: (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
});

/** One of these words. */
export const oneOf = (words: readonly string[]): ValueRule => ({
  text: `one of ${words.join(", ")}`,
  holds: (value) => words.some((word) => word === value),
});

/** A list whose elements follow a rule. */
export const listOf = (element: ValueRule): ValueRule => ({
  text: "a list",
  holds: (value) => Array.isArray(value),
  element,
});

/** A value that may be absent. */
export const optional = ({ text, holds, ...rest }: ValueRule): ValueRule => ({
  text,
  holds: (value) => value === undefined || holds(value),
  ...rest,
});

/** An object, but not a list. */
export const record: ValueRule = {
  text: "an object",
  holds: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** An object with these members, and possibly others. */
export const recordOf = (members: Readonly<Record<string, ValueRule>>): ValueRule => ({ ...record, members });

const maxShownLength = 40;

/** Describes the first member that violates its rule, such as `has -3 as samples.arrivals, not a number`; `within` prefixes its name. */
export function validationError(
  value: object,
  rules: Readonly<Record<string, ValueRule>>,
  within = "",
): string | undefined {
  const members = new Map<string, unknown>(Object.entries(value));
  for (const [name, rule] of Object.entries(rules)) {
    const error = memberError(`${within}${name}`, members.get(name), rule);
    if (error !== undefined) return error;
  }
  return undefined;
}

function memberError(name: string, value: unknown, rule: ValueRule): string | undefined {
  const { element, members } = rule;
  if (!rule.holds(value))
    return value === undefined ? `has no ${name}, ${rule.text}` : `has ${shown(value)} as ${name}, not ${rule.text}`;
  if (members !== undefined && value !== undefined) return validationError(Object(value), members, `${name}.`);
  if (element === undefined || !Array.isArray(value)) return undefined;
  const index = value.findIndex((one) => memberError("", one, element) !== undefined);
  return index < 0 ? undefined : memberError(`${name}[${index}]`, value[index], element);
}

function shown(value: unknown): string {
  return abbreviated(JSON.stringify(value), maxShownLength);
}
