import { prices, ways } from "../../../operator/autoscale/levels/ways.ts";
import { triggers } from "../../../operator/autoscale/levels/triggers.ts";
import type { Policy } from "../../../operator/autoscale/policy.ts";
import { cost } from "../../../operator/autoscale/simulator/comparison.ts";
import type { Outcome } from "../../../operator/autoscale/simulator/outcome.ts";
import { simulated, usualSetting } from "../../../operator/autoscale/simulator/simulation.ts";
import type { Trace } from "../../../operator/autoscale/simulator/trace.ts";
import type { Cell } from "./cells.ts";
import { foresight } from "./foresight.ts";
import { oneWay } from "./one-way.ts";

/** What could be had in a cell, as parts of the best known policy's cost. */
export interface Bounds {
  /** Of a plan that knows all arrivals beforehand. */
  readonly plan: number;
  /** Of the way that is best in hindsight, and its name. */
  readonly bestWay: number;
  readonly bestWayName: string;
  /** Of each way, by its index. */
  readonly byWay: readonly number[];
}

/** Shares of more arrivals that plans are made with; the cheapest in the simulator counts. */
const margins = [0, 0.05, 0.15] as const;

/** The bounds of a cell of this trace. */
export function boundsOf(trace: Trace, cell: Cell): Bounds {
  const { coldStartSeconds, slowdown, min, kappa, bestOutcome } = cell;
  const setting = { ...usualSetting, coldStartSeconds, slowdown };
  const policy: Policy = { ...setting, min, kappa, holdSeconds: 0, schedules: [] };
  const part = (outcome: Outcome): number => cost(outcome, kappa) / cost(bestOutcome, kappa);
  const plans = margins.map((margin) =>
    part(simulated(trace, setting, foresight(trace, setting, { kappa, min, margin }))),
  );
  const byWay = ways.map((_, way) => part(simulated(trace, setting, oneWay(policy, way))));
  const bestWay = Math.min(...byWay);
  return { plan: Math.min(...plans), bestWay, bestWayName: wayName(byWay.indexOf(bestWay)), byWay };
}

/** As in `2 deviations, rising, a start worth 500 s`. */
export function wayName(way: number): string {
  const { trigger = 0, price = 0 } = ways[way] ?? {};
  const { deviations, rising, calm } = triggers[trigger] ?? {};
  const worth = prices[price] ?? 0;
  const kept = Number.isFinite(worth) ? `a start worth ${worth} s` : "kept";
  return `${deviations} deviations${rising === true ? ", rising" : ""}${calm === true ? ", calm" : ""}, ${kept}`;
}
