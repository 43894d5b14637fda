import type { VersionPolicy } from "../../protocols/protocol.ts";

/** TensorFlow Serving's default: the version with the largest number. */
export const latestOnly: VersionPolicy = { kind: "latest", count: 1 };

/** How a policy is written in an option. */
export const policyForms = "latest, latest:COUNT, all, or specific:NUMBER,NUMBER…";

/** Reads a policy as an option has it; `undefined` when it is none. */
export function versionPolicy(text: string): VersionPolicy | undefined {
  const [, kind, values] = /^(latest|all|specific)(?::([\d,]+))?$/.exec(text.trim()) ?? [];
  const numbers = values?.split(",").map((digits) => (digits === "" ? Number.NaN : Number(digits))) ?? [];
  const [count, ...others] = numbers;
  if (!numbers.every((number) => Number.isSafeInteger(number))) return undefined;
  switch (kind) {
    case "latest":
      return others.length > 0 || count === 0 ? undefined : { kind: "latest", count: count ?? 1 };
    case "all":
      return numbers.length > 0 ? undefined : { kind: "all" };
    case "specific":
      return numbers.length === 0 ? undefined : { kind: "specific", numbers };
    default:
      return undefined;
  }
}

/** The versions that a policy picks of those that are there, ascending. */
export function pickedVersions(policy: VersionPolicy, numbers: readonly number[]): readonly number[] {
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
