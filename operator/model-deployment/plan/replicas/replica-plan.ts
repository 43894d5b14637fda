import type { Snapshot } from "../../snapshot.ts";
import type { Action } from "../action.ts";
import type { Turn } from "../rollout/moves.ts";
import { reservedVersion } from "../revisions.ts";
import { shares } from "../traffic.ts";
import { broughtUp } from "./brought-up.ts";
import { retirement } from "./retirement.ts";

/** What is to be done about ReplicaSets, and how long until more can be done. */
export interface ReplicaPlan {
  readonly actions: readonly Action[];
  /** The creation of a revision whose version status does not say yet. */
  readonly afterStatus: readonly Action[];
  /** Revisions on their way out, with the sentence what they wait for. */
  readonly draining: readonly string[];
  readonly recheckAfterMs?: number;
}

/** Brings up what the next state names and takes down what neither it nor the present one does. */
export function replicaPlan(snapshot: Snapshot, turn: Turn): ReplicaPlan {
  const wanted = shares(turn.state);
  const kept = new Set(wanted.map(({ revision }) => revision));
  const remembered = history(snapshot, kept);
  const retiring = snapshot.revisions
    .filter(({ hash }) => !kept.has(hash))
    .map((revision) => retirement(snapshot, revision, remembered.has(revision.hash)));
  const rechecks = retiring.map(({ recheckAfterMs }) => recheckAfterMs).filter((ms) => ms !== undefined);
  const broughtUpIf = (isNew: boolean): readonly Action[] =>
    wanted
      .filter(({ revision }) => isUnnumbered(snapshot, revision) === isNew)
      .flatMap((share) => broughtUp(snapshot, share, turn));
  return {
    actions: [...broughtUpIf(false), ...retiring.flatMap(({ actions }) => actions)],
    afterStatus: broughtUpIf(true),
    draining: retiring.flatMap(({ draining }) => draining),
    ...(rechecks.length === 0 ? {} : { recheckAfterMs: Math.min(...rechecks) }),
  };
}

/**
 * It is to be made, and neither status says its version yet nor is one reserved for it: a creation that nobody answered, or another
 * leader's, may be carried out when the spec is another by then, which would be given the same number.
 */
function isUnnumbered(snapshot: Snapshot, revision: string): boolean {
  const { rollout, revisions } = snapshot;
  if (revisions.some(({ hash }) => hash === revision) || reservedVersion(snapshot) !== undefined) return false;
  return shares(rollout).every((share) => share.revision !== revision);
}

/** Old revisions whose ReplicaSets stay, without pods: the newest, as many as the spec wants. */
function history({ revisions, spec }: Snapshot, kept: ReadonlySet<string>): ReadonlySet<string> {
  const old = revisions.filter(({ hash }) => !kept.has(hash));
  const newest = old.toSorted((a, b) => Number(b.version) - Number(a.version));
  return new Set(newest.slice(0, spec.rollout?.revisionHistoryLimit ?? 0).map(({ hash }) => hash));
}
