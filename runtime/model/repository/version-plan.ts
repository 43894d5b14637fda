import type { VersionPolicy } from "../../protocols/protocol.ts";
import { pickedVersions } from "./version-policy.ts";

/** How far a version is. */
export type VersionPhase = "loading" | "ready" | "failed";

/** A version that was begun and not yet told to end. */
export interface BegunVersion {
  readonly number: number;
  readonly phase: VersionPhase;
}

/** What shall happen next to the versions of one model. */
export interface VersionPlan {
  /** Versions that the policy wants, ascending. */
  readonly wanted: readonly number[];
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

/**
 * As TensorFlow Serving's AvailabilityPreservingPolicy: the new version loads beside the old one, which ends only when one that
 * is wanted is ready. Where none of the latest can be loaded, the next older one is wanted too: what is left to serve after a
 * restart is what would still serve without it.
 */
export function versionPlan(
  policy: VersionPolicy,
  found: readonly number[],
  begun: readonly BegunVersion[],
): VersionPlan {
  const phaseOf = new Map(begun.map(({ number, phase }) => [number, phase]));
  const wanted = wantedVersions(policy, found, phaseOf);
  const mayEnd = wanted.length === 0 || wanted.some((number) => phaseOf.get(number) === "ready");
  return {
    wanted,
    begin: wanted.filter((number) => !phaseOf.has(number)),
    end: begun
      .filter(
        ({ number, phase }) => !wanted.includes(number) && (mayEnd || (phase !== "ready" && !found.includes(number))),
      )
      .map(({ number }) => number),
  };
}

function wantedVersions(
  policy: VersionPolicy,
  found: readonly number[],
  phaseOf: ReadonlyMap<number, VersionPhase>,
): readonly number[] {
  const picked = pickedVersions(policy, found);
  if (policy.kind !== "latest" || !picked.every((number) => phaseOf.get(number) === "failed")) return picked;
  const older = [...new Set(found)].filter((number) => !picked.includes(number)).sort((a, b) => b - a);
  const tried = older.findIndex((number) => phaseOf.get(number) !== "failed");
  return [...older.slice(0, tried === -1 ? older.length : tried + 1), ...picked].sort((a, b) => a - b);
}
