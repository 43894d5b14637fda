import type { AutoscalerState } from "./decision.ts";
import { negligibleConcurrency } from "./demand.ts";
import { capability } from "./service.ts";
import type { Policy } from "./policy.ts";

/** So many replicas, and why. */
export interface Bid {
  readonly replicas: number;
  readonly why: string;
}

const nothing: Bid = { replicas: 0, why: "no requests" };

/** The bid for the most replicas, the first of equals. */
export function winner(bids: readonly Bid[]): Bid {
  return bids.reduce((best, bid) => (bid.replicas > best.replicas ? bid : best), nothing);
}

/** Why the load and what was learned of it ask for so many. */
export function reason(
  { demand, service }: AutoscalerState,
  policy: Policy,
  { replicas, now }: { readonly replicas: number; readonly now: number },
): string {
  const { capacity } = capability(service, policy);
  if (demand.level < negligibleConcurrency && now > demand.busyAt) {
    return `no requests for ${Math.round(now - demand.busyAt)} s; kept because requests may come back soon`;
  }
  const load = `${demand.offered.toFixed(1)} requests run at once`;
  const needed = Math.ceil(demand.level / capacity);
  return needed >= replicas
    ? `${load} and one replica carries ${capacity.toFixed(1)}`
    : `${load}; ${needed} would carry the load as it is, the rest is kept ready for what may come`;
}
