/**
 * Our autoscaling policy beside KPA, KPA with a delay, HPA and KEDA: the four traces whose figures are known, starts of 30, 120
 * and 300 s, with and without service times that grow with what runs beside, from zero and from one, in all classes. Prints
 * every cell, the lost ones too, then the figures. Other traces (NAME:SEED of a generator) and conditions by flags.
 *
 *     npx node test/bench/autoscaling.ts [--traces steady,switching:7] [--starts 30,120,300] [--slowdowns 0,0.06] [--mins 0,1] [--kappas 2,20,100]
 */
import { parseArgs } from "node:util";

import { generatedTrace, isGeneratorName } from "../../operator/autoscale/simulator/generators.ts";
import type { Trace } from "../../operator/autoscale/simulator/trace.ts";
import { traceNames, vectorTrace } from "../operator/autoscale/vectors.ts";
import { type Cell, cellLine, cellsOf, geometricMean } from "./autoscaling/cells.ts";
import { type Figure, printFigures } from "./figures.ts";

const { values } = parseArgs({
  options: {
    traces: { type: "string", default: traceNames.join(",") },
    starts: { type: "string", default: "30,120,300" },
    slowdowns: { type: "string", default: "0,0.06" },
    mins: { type: "string", default: "0,1" },
    kappas: { type: "string", default: "2,20,100" },
  },
});
const numbers = (text: string): readonly number[] => text.split(",").map(Number);
const kappas = numbers(values.kappas);

function traceOf(text: string): Trace {
  const [name = "", seed = "1"] = text.split(":");
  return isGeneratorName(name) ? generatedTrace(name, Number(seed)) : vectorTrace(name);
}

const cells: Cell[] = [];
const conditions = numbers(values.starts).flatMap((coldStartSeconds) =>
  numbers(values.slowdowns).flatMap((slowdown) =>
    numbers(values.mins).map((min) => ({ coldStartSeconds, slowdown, min: min === 0 ? (0 as const) : (1 as const) })),
  ),
);
for (const trace of values.traces.split(",").map(traceOf)) {
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

const mins = numbers(values.mins);
printFigures([
  ...mins.flatMap((min) => kappas.map((kappa) => costFigure(kappa, min))),
  ...mins.flatMap((min) =>
    kappas.flatMap((kappa) => [true, false].map((isSlow) => lateHoursFigure(kappa, min, isSlow))),
  ),
]);
