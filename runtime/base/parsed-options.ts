import { parseArgs } from "node:util";
import { errorText } from "./fault.ts";
import { durationMs } from "../../crds/schema/grammar/duration.ts";
import { faults } from "./faults.ts";

/** Environment variables, like `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The names of an option: a flag, an environment variable, or both; the flag wins. */
export interface OptionNames {
  readonly flag?: string;
  readonly variable?: string;
}

/** An option's text, and the flag or variable that set it, for messages. */
export interface OptionValue {
  readonly option: string;
  readonly text: string;
}

/** The options of a program, from its arguments and environment. */
export interface ParsedOptions {
  /** Arguments that are not flags. */
  readonly positionals: readonly string[];
  find(names: OptionNames): OptionValue | undefined;
}

/** The flags that a program accepts. */
export interface OptionDeclarations {
  /** Flags that take a value. */
  readonly flags: readonly string[];
  /** Boolean flags; their text is `true`. */
  readonly switches?: readonly string[];
  readonly usage: string;
}

/** Parses arguments. Throws `UsageWrong` for an unknown flag. */
export function parsedOptions(
  args: readonly string[],
  env: Environment,
  declarations: OptionDeclarations,
): ParsedOptions {
  const { values, positionals } = parsed(args, declarations);
  return {
    positionals,
    find: ({ flag, variable }) => {
      const given = flag === undefined ? undefined : values[flag];
      if (given !== undefined) return { option: `--${flag}`, text: given };
      const set = variable === undefined ? undefined : env[variable];
      return set === undefined || set === "" ? undefined : { option: variable ?? "", text: set };
    },
  };
}

function parsed(
  args: readonly string[],
  { flags, switches = [], usage }: OptionDeclarations,
): { readonly values: Readonly<Record<string, string | undefined>>; readonly positionals: readonly string[] } {
  try {
    const options = Object.fromEntries([
      ...flags.map((flag) => [flag, { type: "string" as const }] as const),
      ...switches.map((flag) => [flag, { type: "boolean" as const }] as const),
    ]);
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const texts = Object.entries(values).map(([flag, value]) => [flag, value === undefined ? value : String(value)]);
    return { values: Object.fromEntries(texts), positionals };
  } catch (thrown) {
    const reason = errorText(thrown);
    // Node's message goes on to explain arguments that begin with a dash.
    throw faults.UsageWrong({ reason: reason.split(". ")[0] ?? reason, usage }, thrown);
  }
}

/** Parses a whole number within bounds. Throws `OptionInvalid`. */
export function wholeNumber(value: OptionValue, min: number, max: number): number {
  const number = Number(value.text);
  if (/^\d+$/.test(value.text) && number >= min && number <= max) return number;
  throw faults.OptionInvalid({
    option: value.option,
    value: value.text,
    expected: `a whole number from ${min} to ${max}`,
  });
}

/** Parses a duration within bounds, such as `500ms` or `1m30s`, in milliseconds. Throws `OptionInvalid`. */
export function timeSpan(value: OptionValue, minMs: number, maxMs: number): number {
  const ms = durationMs(value.text);
  if (ms >= minMs && ms <= maxMs) return ms;
  throw faults.OptionInvalid({
    option: value.option,
    value: value.text,
    expected: `a duration from ${minMs}ms to ${maxMs}ms, such as 500ms or 1m30s`,
  });
}

/** Parses one of several words. Throws `OptionInvalid`. */
export function oneOf<Word extends string>(value: OptionValue, words: readonly Word[]): Word {
  const found = words.find((word) => word === value.text);
  if (found !== undefined) return found;
  throw faults.OptionInvalid({ option: value.option, value: value.text, expected: `one of ${words.join(", ")}` });
}
