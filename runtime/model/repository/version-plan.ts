import type { VersionPolicy } from "../../protocols/protocol.ts";
import { selectedVersions } from "./version-policy.ts";

/** The progress of a version's load. */
export type VersionPhase = "loading" | "ready" | "failed";

/** A version whose load has started and that has not been told to unload. */
export interface ActiveVersion {
  readonly number: number;
  readonly phase: VersionPhase;
}

/** The next loads and unloads of the versions of one model. */
export interface VersionPlan {
  /** Versions that the policy wants, ascending. */
  readonly wanted: readonly number[];
  readonly load: readonly number[];
  readonly unload: readonly number[];
}

/**
 * Plans like TensorFlow Serving's AvailabilityPreservingPolicy: the new version loads beside the old one, which unloads only when
 * a wanted version is ready. Where none of the latest can be loaded, the next older one is wanted too, so that a restart serves
 * the same version that would have gone on serving without it.
 */
export function versionPlan(
  policy: VersionPolicy,
  found: readonly number[],
  active: readonly ActiveVersion[],
): VersionPlan {
  const phaseOf = new Map(active.map(({ number, phase }) => [number, phase]));
  const wanted = wantedVersions(policy, found, phaseOf);
  const mayUnload = wanted.length === 0 || wanted.some((number) => phaseOf.get(number) === "ready");
  return {
    wanted,
    load: wanted.filter((number) => !phaseOf.has(number)),
    unload: active
      .filter(
        ({ number, phase }) =>
          !wanted.includes(number) && (mayUnload || (phase !== "ready" && !found.includes(number))),
      )
      .map(({ number }) => number),
  };
}

function wantedVersions(
  policy: VersionPolicy,
  found: readonly number[],
  phaseOf: ReadonlyMap<number, VersionPhase>,
): readonly number[] {
  const picked = selectedVersions(policy, found);
  if (policy.kind !== "latest" || !picked.every((number) => phaseOf.get(number) === "failed")) return picked;
  const older = [...new Set(found)].filter((number) => !picked.includes(number)).sort((a, b) => b - a);
  const next = older.findIndex((number) => phaseOf.get(number) !== "failed");
  return [...older.slice(0, next === -1 ? older.length : next + 1), ...picked].sort((a, b) => a - b);
}
