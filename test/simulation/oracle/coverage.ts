import type { ModelDeploymentStatus } from "../../../crds/v1alpha1/model-deployment.ts";
import { statusShares } from "../../../operator/model-deployment/plan/traffic.ts";
import type { World } from "../world/world.ts";

/** What schedules have tried, each in words; many schedules have theirs in one. */
export interface Coverage {
  /** Which fault befell operators in which situation of a ModelDeployment. */
  readonly befallen: Set<string>;
  /** From which situation to which an operator's write led. */
  readonly transitions: Set<string>;
}

export function emptyCoverage(): Coverage {
  return { befallen: new Set(), transitions: new Set() };
}

const collection = "modeldeployments.modelwright.dev";

/** Takes note of what happens in a world until it is told to stop. */
export function startCoverage({ server, ledger }: World, { befallen, transitions }: Coverage): () => void {
  const statusNow = (): unknown => server.store.collection(collection).records("default")[0]?.object["status"];
  ledger.onHit = (trouble) => void befallen.add(`${trouble} ${situation(statusNow())}`);
  return server.store.subscribe(({ collection: written, type, record, before }) => {
    if (written !== collection || type !== "MODIFIED" || ledger.actor === undefined) return;
    const [from, to] = [situation(before?.object["status"]), situation(record.object["status"])];
    if (from !== to) transitions.add(`${from} → ${to}`);
  });
}

/** What a status says is going on, numbers left out. */
function situation(found: unknown): string {
  const status = found as ModelDeploymentStatus | undefined; // as the CRD says
  if (status === undefined) return "nothing";
  const reasons = (status.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);
  const weights = statusShares(status).map(({ weight }) => (weight === 0 || weight === 100 ? String(weight) : "some"));
  const { step = "", capacity, failedRevisions = [] } = status;
  return [...reasons, weights.join("+"), step, capacity?.mode ?? "", Math.min(failedRevisions.length, 2)].join();
}
