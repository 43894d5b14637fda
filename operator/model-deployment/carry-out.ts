import type { ModelDeploymentStatus } from "../../crds/v1alpha1/model-deployment.ts";
import type { Client } from "../kube/client.ts";
import { type Applied, apply, writeStatus } from "./apply.ts";
import type { Plan } from "./plan/action.ts";
import type { Snapshot } from "./snapshot.ts";
import { isSameStatus, status } from "./status.ts";

/** What became of a plan. */
export interface CarriedOut extends Applied {
  /** What status says now; undefined when that was refused, or nothing was to be said because another was first. */
  readonly said?: ModelDeploymentStatus | undefined;
}

/**
 * Actions, then status, then what goes by a version that status says now. The status write is refused when the
 * ModelDeployment is no longer the one that was observed, so nothing is made under a version that another leader gave
 * away; and what is made after it need not ask again.
 */
export async function carryOut(plan: Plan, snapshot: Snapshot, client: Client): Promise<CarriedOut> {
  const { identity } = snapshot;
  const first = await apply(plan.actions, identity, client);
  // A lost race is no news: the state that won it is on its way here.
  if (first.failure?.level === "info") return first;
  const said = status({ snapshot, plan, failure: first.failure });
  if (isSameStatus(snapshot.status, said)) return { ...first, said };
  const { write, refusal } = await writeStatus(said, identity, client);
  if (write === undefined) return { ...first, failure: refusal };
  const writes = [...first.writes, write];
  if (first.failure !== undefined) return { ...first, writes, said };
  const last = await apply(plan.afterStatus, identity, client, true);
  return { ...last, done: [...first.done, ...last.done], writes: [...writes, ...last.writes], said };
}
