import { parseArgs } from "node:util";
import { durationMs } from "../../crds/schema/grammar/duration.ts";
import { faults } from "./faults.ts";

/** Environment variables, as `process.env` has them. */
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

/** What a program takes. */
export interface OptionForms {
  /** Flags that take a value. */
  readonly flags: readonly string[];
  /** Flags that take none; their text is `true`. */
  readonly switches?: readonly string[];
  readonly usage: string;
}

/** Reads arguments. Throws `UsageWrong` for an unknown flag. */
export function optionSource(args: readonly string[], env: Environment, forms: OptionForms): OptionSource {
  const { values, positionals } = parsed(args, forms);
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
  { flags, switches = [], usage }: OptionForms,
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
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    // Node goes on with how to write an argument that begins with a dash.
    throw faults.UsageWrong({ reason: reason.split(". ")[0] ?? reason, usage }, thrown);
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

/** A span of time within bounds, as `500ms` or `1m30s`; in milliseconds. */
export function timeSpan(value: OptionValue, minMs: number, maxMs: number): number {
  const ms = durationMs(value.text);
  if (ms >= minMs && ms <= maxMs) return ms;
  throw faults.OptionInvalid({
    option: value.option,
    value: value.text,
    expected: `a duration from ${minMs}ms to ${maxMs}ms, such as 500ms or 1m30s`,
  });
}

/** One of some words. */
export function oneOf<Word extends string>(value: OptionValue, words: readonly Word[]): Word {
  const found = words.find((word) => word === value.text);
  if (found !== undefined) return found;
  throw faults.OptionInvalid({ option: value.option, value: value.text, expected: `one of ${words.join(", ")}` });
}
