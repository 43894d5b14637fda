/**
 * Compares our autoscaling policy with KPA, KPA with a delay, HPA and KEDA: on the four traces with published figures, with cold
 * starts of 30, 120 and 300 s, with and without service times that grow with concurrency, with minimum 0 and 1, in all classes.
 * Prints every cell, including those where ours is worse, then the figures. Flags select conditions and other traces: NAME:SEED of
 * a generator, NAME:SEED of a held-out family, on which no constant was chosen (cycle, pareto, crowd, cron, sessions; held-out:SEED
 * for all five), or mixture:SEED, whose parameters are drawn from the seed as well.
 *
 *     npx node test/bench/autoscaling.ts [--traces steady,switching:7] [--starts 30,120,300] [--slowdowns 0,0.06] [--mins 0,1] [--kappas 2,20,100]
 */
import { type Cell, cellLine, cellsOf, geometricMean } from "./autoscaling/cells.ts";
import { selection } from "./autoscaling/selection.ts";
import { type Figure, printFigures } from "./figures.ts";

const { traces, conditions, mins, kappas } = selection({ mins: "0,1", kappas: "2,20,100" });
const cells: Cell[] = [];
for (const trace of traces) {
  for (const one of conditions) {
    const found = cellsOf(trace, one, kappas);
    for (const cell of found) console.log(cellLine(cell));
    cells.push(...found);
  }
}

const classNames: Readonly<Record<number, string>> = { 0: "zero-capable", 1: "min 1" };

function costFigure(kappa: number, min: number): Figure {
  const ratios = cells.filter((cell) => cell.kappa === kappa && cell.min === min).map((cell) => cell.costRatio);
  const mean = geometricMean(ratios);
  const above = ratios.filter((ratio) => ratio > 1.1).length;
  return {
    figure: `cost at κ ${kappa}, ${classNames[min]}, part of the best known policy's`,
    goal: "≤ 0.8, no cell > 1.1",
    measured: `${mean.toFixed(3)}; greatest ${Math.max(...ratios).toFixed(3)}, ${above} of ${ratios.length} cells > 1.1`,
    isMet: mean <= 0.8 && above === 0,
  };
}

function lateHoursFigure(kappa: number, min: number, isSlow: boolean): Figure {
  const all = cells.filter((cell) => cell.kappa === kappa && cell.min === min && cell.coldStartSeconds > 60 === isSlow);
  const ratios = all.flatMap((cell) => cell.lateHoursRatio ?? []);
  const mean = geometricMean(ratios);
  const goal = isSlow ? 0.5 : 0.8;
  return {
    figure: `J at κ ${kappa}, ${classNames[min]}, start ${isSlow ? "120 and 300" : "30"} s`,
    goal: `≤ ${goal}`,
    measured: `${ratios.length === 0 ? "-" : mean.toFixed(3)} over ${ratios.length} of ${all.length} cells with no more late requests`,
    isMet: mean <= goal,
  };
}

printFigures([
  ...mins.flatMap((min) => kappas.map((kappa) => costFigure(kappa, min))),
  ...mins.flatMap((min) =>
    kappas.flatMap((kappa) => [true, false].map((isSlow) => lateHoursFigure(kappa, min, isSlow))),
  ),
]);
