import type { VersionPolicy } from "../../protocols/protocol.ts";

/** TensorFlow Serving's default: the version with the largest number. */
export const latestOnly: VersionPolicy = { kind: "latest", count: 1 };

/** The forms of a policy in an option, for messages. */
export const policyForms = "latest, latest:COUNT, all, or specific:NUMBER,NUMBER…";

/** Parses a policy from an option; `undefined` when it is invalid. */
export function versionPolicy(text: string): VersionPolicy | undefined {
  const latest = /^latest(?::([1-9]\d{0,8}))?$/.exec(text);
  if (latest !== null) return { kind: "latest", count: Number(latest[1] ?? 1) };
  if (text === "all") return { kind: "all" };
  const numbers = /^specific:(\d{1,15}(?:,\d{1,15})*)$/.exec(text)?.[1];
  return numbers === undefined ? undefined : { kind: "specific", numbers: numbers.split(",").map(Number) };
}

/** The versions that a policy selects from the available ones, ascending. */
export function selectedVersions(policy: VersionPolicy, numbers: readonly number[]): readonly number[] {
  const ascending = [...new Set(numbers)].sort((a, b) => a - b);
  switch (policy.kind) {
    case "latest":
      return ascending.slice(-policy.count);
    case "all":
      return ascending;
    case "specific":
      return ascending.filter((number) => policy.numbers.includes(number));
  }
}
