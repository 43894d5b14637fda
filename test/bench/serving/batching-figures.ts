import { type Figure, quantile } from "../figures.ts";
import { memoryMb } from "../process-figures.ts";
import { bareMemoryMb } from "./bare-memory.ts";
import { modelwrightWith } from "./contestants.ts";
import { exchange } from "./exchange.ts";
import { mlpModel, mlpSample } from "./mlp-sample.ts";
import { loaded, started } from "./running.ts";

/** Rounds, and the length of each. */
export interface Length {
  readonly seconds: number;
  readonly rounds: number;
}

/** Connections, and how many times as many requests batching is to answer. */
const goals = [
  [1, 0.97],
  [8, 1.8],
  [32, 3],
  [128, 3.5],
] as const;

/** Requests a second with batching and without, the small model, interleaved; and the memory that it takes. */
export async function batchingFigures({ seconds, rounds }: Length): Promise<readonly Figure[]> {
  const on = await started(modelwrightWith({}), mlpModel);
  const off = await started(modelwrightWith({ batching: { maxSize: 1 } }), mlpModel);
  try {
    const idleMb = memoryMb(on.pid, "VmRSS");
    const bareMb = await bareMemoryMb();
    const request = exchange("v2-binary", "/v2/models/mlp/infer", mlpSample());
    for (const server of [on, off]) await loaded(server, request, { connections: 32, seconds });
    const figures: Figure[] = [];
    for (const [connections, goal] of goals) {
      const ratios: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const first = await loaded(on, request, { connections, seconds });
        const second = await loaded(off, request, { connections, seconds });
        ratios.push(first.perSecond / second.perSecond);
      }
      figures.push(ratioFigure(`batching on / off, requests/s at ${connections} connections`, goal, ratios));
    }
    const loadedMb = memoryMb(on.pid, "VmRSS");
    figures.push({
      figure: "resident memory with the small model: idle, under load",
      goal: "≤ 85 MB, ≤ 100 MB",
      measured: `${idleMb.toFixed(0)} MB, ${loadedMb.toFixed(0)} MB; Node, node:http and ONNX Runtime alone ${bareMb.toFixed(0)} MB`,
      isMet: idleMb <= 85 && loadedMb <= 100,
    });
    return figures;
  } finally {
    await on.stop();
    await off.stop();
  }
}

/** A figure whose goal is a lower bound of a ratio. */
export function ratioFigure(figure: string, goal: number, ratios: readonly number[]): Figure {
  const median = quantile(ratios, 0.5);
  const measured = `${median.toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
  return { figure, goal: `≥ ${goal}`, measured, isMet: median >= goal };
}
