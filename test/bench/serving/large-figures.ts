import { type Figure, quantile } from "../figures.ts";
import type { Length } from "./batching-figures.ts";
import { modelwright } from "./contestants.ts";
import { exchange, healthExchange } from "./exchange.ts";
import { mlpModel, mlpSample } from "./mlp-sample.ts";
import { loaded, started } from "./running.ts";

/** Rows of a prediction: 19 MB in binary, 60,000 numbers of JSON in the answer. */
const rows = 6000;
const goalMs = 20;

/** How long others wait while a small model answers large predictions, one after the other. */
export async function largeFigures({ seconds, rounds }: Length): Promise<readonly Figure[]> {
  const server = await started(modelwright, mlpModel);
  try {
    const large = exchange("v2-large", "/v2/models/mlp/infer", { ...mlpSample(), rows });
    const checks = { connections: 2, seconds: 2 * seconds, rate: 250 };
    const load = { connections: 1, seconds: 2 * seconds };
    await loaded(server, large, load);
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const both = [loaded(server, large, load), loaded(server, healthExchange("/v2/health/ready"), checks)] as const;
      times.push((await Promise.all(both))[1].p99);
    }
    const median = quantile(times, 0.5);
    const measured = `${median.toFixed(1)} (${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)}) ms`;
    const figure = `health checks while predictions of ${rows} rows are answered, p99`;
    return [{ figure, goal: `≤ ${goalMs} ms`, measured, isMet: median <= goalMs }];
  } finally {
    await server.stop();
  }
}
