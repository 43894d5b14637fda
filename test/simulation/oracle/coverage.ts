import type { ModelDeploymentStatus } from "../../../crds/v1alpha1/model-deployment.ts";
import { statusShares } from "../../../operator/model-deployment/plan/traffic.ts";
import type { World } from "../world/world.ts";

/** What schedules have covered; shared by many schedules. */
export interface Coverage {
  /** Pairs of a fault and the situation in which it hit. */
  readonly faultSituations: Set<string>;
  /** Pairs of situations before and after an operator's write. */
  readonly transitions: Set<string>;
}

export function emptyCoverage(): Coverage {
  return { faultSituations: new Set(), transitions: new Set() };
}

const collection = "modeldeployments.modelwright.dev";

/** Collects the coverage of a world; returns the function that stops it. */
export function startCoverage({ server, ledger }: World, { faultSituations, transitions }: Coverage): () => void {
  const statusNow = (): unknown => server.store.collection(collection).records("default")[0]?.object["status"];
  ledger.onHit = (kind) => void faultSituations.add(`${kind} ${situation(statusNow())}`);
  return server.store.subscribe(({ collection: written, type, record, before }) => {
    if (written !== collection || type !== "MODIFIED" || ledger.actor === undefined) return;
    const [from, to] = [situation(before?.object["status"]), situation(record.object["status"])];
    if (from !== to) transitions.add(`${from} → ${to}`);
  });
}

/** The situation of a ModelDeployment: its status without numbers. */
function situation(found: unknown): string {
  const status = found as ModelDeploymentStatus | undefined; // as the CRD says
  if (status === undefined) return "nothing";
  const reasons = (status.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);
  const weights = statusShares(status).map(({ weight }) => (weight === 0 || weight === 100 ? String(weight) : "some"));
  const { step = "", capacity, failedRevisions = [] } = status;
  return [...reasons, weights.join("+"), step, capacity?.mode ?? "", Math.min(failedRevisions.length, 2)].join();
}
