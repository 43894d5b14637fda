/** What a member of an object from outside must be. */
export interface Kind {
  /** As in `not a number`. */
  readonly text: string;
  readonly holds: (value: unknown) => boolean;
  /** What each element of a list must be. */
  readonly element?: Kind;
  /** What the members of an object must be. */
  readonly members?: Readonly<Record<string, Kind>>;
}

export const text: Kind = { text: "a text", holds: (value) => typeof value === "string" };

export const number: Kind = { text: "a number", holds: (value) => Number.isFinite(value) };

/** Sums and squares of more are no numbers any more. */
const mostAmount = 1e12;

/** So much or many of something, a part included. */
export const amount: Kind = {
  text: `a number from 0 to ${mostAmount}`,
  holds: (value) => number.holds(value) && Number(value) >= 0 && Number(value) <= mostAmount,
};

/** A whole number within bounds. */
export const wholeNumber = (least: number, most: number): Kind => ({
  text: `a whole number from ${least} to ${most}`,
  holds: (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
});

/** One of these words. */
export const oneOf = (words: readonly string[]): Kind => ({
  text: `one of ${words.join(", ")}`,
  holds: (value) => words.some((word) => word === value),
});

/** A list of such elements. */
export const listOf = (element: Kind): Kind => ({ text: "a list", holds: (value) => Array.isArray(value), element });

/** Such a value, or none. */
export const optional = ({ text, holds, ...rest }: Kind): Kind => ({
  text,
  holds: (value) => value === undefined || holds(value),
  ...rest,
});

/** An object, no list. */
export const record: Kind = {
  text: "an object",
  holds: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** An object with such members, and others. */
export const recordOf = (members: Readonly<Record<string, Kind>>): Kind => ({ ...record, members });

const longestShown = 40;

/** What is wrong with the first member that is not of its kind, as in `has -3 as samples.arrivals, not a number`; `within` precedes its name. */
export function wrongMember(value: object, kinds: Readonly<Record<string, Kind>>, within = ""): string | undefined {
  const members = new Map<string, unknown>(Object.entries(value));
  for (const [name, kind] of Object.entries(kinds)) {
    const complaint = complaintOf(`${within}${name}`, members.get(name), kind);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function complaintOf(name: string, value: unknown, kind: Kind): string | undefined {
  const { element, members } = kind;
  if (!kind.holds(value))
    return value === undefined ? `has no ${name}, ${kind.text}` : `has ${shown(value)} as ${name}, not ${kind.text}`;
  if (members !== undefined) return wrongMember(Object(value), members, `${name}.`);
  if (element === undefined || !Array.isArray(value)) return undefined;
  const index = value.findIndex((one) => complaintOf("", one, element) !== undefined);
  return index < 0 ? undefined : complaintOf(`${name}[${index}]`, value[index], element);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}
