import type { Snapshot } from "../../snapshot.ts";
import type { Action } from "../action.ts";
import type { Turn } from "../rollout/moves.ts";
import { shares } from "../traffic.ts";
import { broughtUp } from "./brought-up.ts";
import { retirement } from "./retirement.ts";

/** What is to be done about ReplicaSets, and how long until more can be done. */
export interface ReplicaPlan {
  readonly actions: readonly Action[];
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
  return {
    actions: [
      ...wanted.flatMap((share) => broughtUp(snapshot, share, turn)),
      ...retiring.flatMap(({ actions }) => actions),
    ],
    draining: retiring.flatMap(({ draining }) => draining),
    ...(rechecks.length === 0 ? {} : { recheckAfterMs: Math.min(...rechecks) }),
  };
}

/** Old revisions whose ReplicaSets stay, without pods: the newest, as many as the spec wants. */
function history({ revisions, spec }: Snapshot, kept: ReadonlySet<string>): ReadonlySet<string> {
  const old = revisions.filter(({ hash }) => !kept.has(hash));
  const newest = old.toSorted((a, b) => Number(b.version) - Number(a.version));
  return new Set(newest.slice(0, spec.rollout?.revisionHistoryLimit ?? 0).map(({ hash }) => hash));
}
