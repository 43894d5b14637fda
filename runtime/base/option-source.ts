import { parseArgs } from "node:util";
import { faults } from "./faults.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One option: set by a flag or by an environment variable; the flag wins. Either may be absent. */
export interface OptionNames {
  readonly flag?: string;
  readonly variable?: string;
}

/** A value and the name it was set by, for messages. */
export interface OptionValue {
  readonly option: string;
  readonly text: string;
}

/** Where a program's options come from. */
export interface OptionSource {
  /** Arguments that are no flags. */
  readonly positionals: readonly string[];
  find(names: OptionNames): OptionValue | undefined;
}

/** Reads arguments, all of whose flags take a value. Throws `UsageWrong` for an unknown flag. */
export function optionSource(
  args: readonly string[],
  env: Environment,
  { flags, usage }: { readonly flags: readonly string[]; readonly usage: string },
): OptionSource {
  const { values, positionals } = parsed(args, flags, usage);
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
  flags: readonly string[],
  usage: string,
): { readonly values: Readonly<Record<string, string | undefined>>; readonly positionals: readonly string[] } {
  try {
    const options = Object.fromEntries(flags.map((flag) => [flag, { type: "string" as const }]));
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (thrown) {
    throw faults.UsageWrong({ reason: thrown instanceof Error ? thrown.message : String(thrown), usage }, thrown);
  }
}

/** A whole number within bounds. */
export function wholeNumber(value: OptionValue, min: number, max: number): number {
  const number = Number(value.text);
  if (/^\d+$/.test(value.text) && number >= min && number <= max) return number;
  throw faults.OptionInvalid({
    option: value.option,
    value: value.text,
    expected: `a whole number from ${min} to ${max}`,
  });
}

/** One of some words. */
export function oneOf<Word extends string>(value: OptionValue, words: readonly Word[]): Word {
  const found = words.find((word) => word === value.text);
  if (found !== undefined) return found;
  throw faults.OptionInvalid({ option: value.option, value: value.text, expected: `one of ${words.join(", ")}` });
}
