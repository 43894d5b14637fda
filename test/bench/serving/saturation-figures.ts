import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Figure, quantile } from "../figures.ts";
import { type Length, ratioFigure } from "./batching-figures.ts";
import { modelwrightWith } from "./contestants.ts";
import { denseModel } from "./dense-model.ts";
import { type Exchange, type Sample, exchange, healthExchange } from "./exchange.ts";
import { mlpSample } from "./mlp-sample.ts";
import { type Run, type Running, loaded, pinned, started } from "./running.ts";

const path = "/v2/models/mlp/infer";
/** Rows per batch, and the queue limit. */
const serving = { batching: { maxSize: 8 }, limits: { queue: 16 } };

/** A model that takes milliseconds, at and beyond saturation: throughput against the bare engine, health checks, refusals. */
export async function saturationFigures({ seconds, rounds }: Length): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "modelwright-dense-"));
  const model = join(folder, "model.onnx");
  const sample = mlpSample();
  await writeFile(model, denseModel(sample.input, sample.row.length));
  const server = await started(modelwrightWith(serving), model);
  try {
    const request = await answeredExchange(server, sample);
    const load = { connections: 16, seconds };
    const runs: Run[] = [];
    const overloads: Run[] = [];
    const ratios: number[] = [];
    const health: number[] = [];
    await warmUp(server, request);
    for (let round = 0; round < rounds; round++) {
      const bare = await bareRate(model, sample, seconds);
      const run = await loaded(server, request, load);
      runs.push(run);
      ratios.push(run.perSecond / bare);
      // Enough checks that a single one is less than one percent.
      const checks = { connections: 2, seconds, rate: 250 };
      const both = [loaded(server, request, load), loaded(server, healthExchange("/v2/health/ready"), checks)] as const;
      health.push((await Promise.all(both))[1].p99);
      overloads.push(await loaded(server, request, { connections: 128, seconds, rate: run.perSecond * 2 }));
    }
    return [
      ratioFigure("saturation / rate of the bare engine, a model of some ms", 0.95, ratios),
      boundFigure("health checks while it is saturated, p99", 2, health),
      ...overloadFigures(runs, overloads),
    ];
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

/** V8 optimises gradually: at this rate the event loop takes 99 us a request in the first seconds and 80 after 20 s. */
async function warmUp(server: Running, request: Exchange): Promise<void> {
  const { perSecond } = await loaded(server, request, { connections: 16, seconds: 20 });
  await loaded(server, request, { connections: 128, seconds: 5, rate: perSecond * 2 });
}

/**
 * The cost of a refusal: event-loop time beyond that of the answers, each at its cost at saturation. The engine has its own
 * thread.
 */
function overloadFigures(runs: readonly Run[], overloads: readonly Run[]): readonly Figure[] {
  const goodput = overloads.map(({ perSecond }, i) => perSecond / (runs[i]?.perSecond ?? Number.NaN));
  const cost = overloads.map(({ cpuUs, cpuUsPerRequest, loopCpuUs, rejected }, i) => {
    const run = runs[i];
    const answers = cpuUs / cpuUsPerRequest - rejected;
    const ofAnswer = run === undefined ? Number.NaN : (run.loopCpuUs * run.cpuUsPerRequest) / run.cpuUs;
    return (loopCpuUs - answers * ofAnswer) / rejected;
  });
  const us = quantile(cost, 0.5);
  return [
    ratioFigure("twice that load: goodput / saturation", 0.95, goodput),
    boundFigure(
      "twice that load: refusals, p99",
      2,
      overloads.map(({ rejectP99 }) => rejectP99),
    ),
    { figure: "twice that load: CPU of a refusal", goal: "≤ 14 us", measured: `${us.toFixed(0)} us`, isMet: us <= 14 },
  ];
}

function boundFigure(figure: string, goalMs: number, times: readonly number[]): Figure {
  const median = quantile(times, 0.5);
  const measured = `${median.toFixed(1)} (${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)}) ms`;
  return { figure, goal: `≤ ${goalMs} ms`, measured, isMet: median <= goalMs };
}

/** All rows are equal, so every answer must equal the first one. */
async function answeredExchange({ port }: Running, sample: Sample): Promise<Exchange> {
  const { request } = exchange("v2-binary", path, sample);
  const body = request.subarray(request.indexOf("\r\n\r\n") + 4);
  const length = /^inference-header-content-length: (\d+)/m.exec(request.toString("latin1"))?.[1] ?? "";
  const headers = { "inference-header-content-length": length };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers,
    body: Uint8Array.from(body),
  });
  // The upper half of the first number: sums in another order differ in the lower one.
  return { request, answer: Buffer.from(await answer.arrayBuffer()).subarray(-38, -36) };
}

async function bareRate(model: string, { input, row }: Sample, seconds: number): Promise<number> {
  const script = join(import.meta.dirname, "bare-engine.ts");
  const args = [script, model, input, String(row.length), String(serving.batching.maxSize), String(seconds)];
  const [program, rest] = pinned(0, process.execPath, args);
  return Number((await promisify(execFile)(program, [...rest])).stdout);
}
