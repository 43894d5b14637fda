/**
 * Bounds of the cost of autoscaling. For each cell of autoscaling.ts, prints the cost of a plan that knows all arrivals beforehand,
 * of the best expert in hindsight, and of the policy that combines the experts ("followed"), each relative to the best baseline's
 * cost; then their means, and the experts that are best over all cells. Takes minutes.
 *
 *     npx node test/bench/autoscaling-bounds.ts [the flags of autoscaling.ts; κ is 20 and min 0 unless said]
 */
import { type Bounds, boundsOf, expertName } from "./autoscaling/bounds.ts";
import { type Cell, cellsOf, geometricMean } from "./autoscaling/cells.ts";
import { selection } from "./autoscaling/selection.ts";

const { traces, conditions, kappas } = selection({ mins: "0", kappas: "20" });
const rows: (Bounds & { readonly followed: number })[] = [];
for (const trace of traces) {
  for (const cell of conditions.flatMap((one) => cellsOf(trace, one, kappas))) {
    const bounds = boundsOf(trace, cell);
    console.log(rowOf(cell, bounds));
    rows.push({ ...bounds, followed: cell.costRatio });
  }
}

function rowOf({ trace, coldStartSeconds, slowdown, min, kappa, costRatio }: Cell, bounds: Bounds): string {
  return [
    trace.padEnd(14),
    `start ${String(coldStartSeconds).padStart(3)}`,
    `g ${slowdown.toFixed(2)}`,
    `min ${min}`,
    `κ ${String(kappa).padStart(3)}`,
    `foresight ${bounds.plan.toFixed(2)}`,
    `best expert ${bounds.bestExpert.toFixed(3)}`,
    `followed ${costRatio.toFixed(3)}`,
    bounds.bestExpertName,
  ].join("  ");
}

const summary = (name: string, figures: readonly number[]): string =>
  `${name}: ${geometricMean(figures).toFixed(3)} (${Math.min(...figures).toFixed(2)} to ${Math.max(...figures).toFixed(2)})`;
console.log(
  summary(
    "foresight",
    rows.map((row) => row.plan),
  ),
);
console.log(
  summary(
    "best expert in hindsight",
    rows.map((row) => row.bestExpert),
  ),
);
console.log(
  summary(
    "followed",
    rows.map((row) => row.followed),
  ),
);
const overall = (rows[0]?.byExpert ?? [])
  .map((_, expert) => ({ expert, part: geometricMean(rows.map(({ byExpert }) => byExpert[expert] ?? Number.NaN)) }))
  .toSorted((a, b) => a.part - b.part);
for (const { expert, part } of overall.slice(0, 5)) console.log(`throughout ${expertName(expert)}: ${part.toFixed(3)}`);
