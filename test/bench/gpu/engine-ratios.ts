import type { Tensor } from "../../../runtime/dataplane/tensor.ts";
import { elementCount } from "../../../runtime/dataplane/tensor.ts";
import type { LoadedModel } from "../../../runtime/engines/engine.ts";
import { quantile } from "../figures.ts";
import { takenMb } from "./card.ts";

/** The same model on both devices, called directly. */
export interface Places {
  readonly cpu: LoadedModel;
  readonly gpu: LoadedModel;
}

/** What a batch costs on each device. */
export interface BatchRatio {
  readonly rows: number;
  readonly cpuPerSecond: number;
  readonly gpuPerSecond: number;
  /** Of the first call with so many rows on the GPU: what is prepared per shape is in it. */
  readonly firstMs: number;
  /** Largest difference between the answers. */
  readonly largest: number;
  readonly takenMb: number;
}

const roundMs = 400;
const rounds = 3;

/** Samples a second on both devices in interleaved rounds, for each of these numbers of rows. */
export async function batchRatios({ cpu, gpu }: Places, sizes: readonly number[]): Promise<readonly BatchRatio[]> {
  const ratios: BatchRatio[] = [];
  for (const rows of sizes) {
    const batch = batchOf(gpu, rows);
    const start = performance.now();
    const [answer] = await gpu.infer(batch);
    const firstMs = performance.now() - start;
    const [other] = await cpu.infer(batch);
    const speeds = { cpu: [] as number[], gpu: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      speeds.cpu.push(await samplesPerSecond(cpu, batch, rows));
      speeds.gpu.push(await samplesPerSecond(gpu, batch, rows));
    }
    ratios.push({
      rows,
      cpuPerSecond: quantile(speeds.cpu, 0.5),
      gpuPerSecond: quantile(speeds.gpu, 0.5),
      firstMs,
      largest: largestGap(answer, other),
      takenMb: takenMb(),
    });
  }
  return ratios;
}

/** Rows of made-up numbers between 0 and 1 for a model of one input. */
export function batchOf({ signatures }: LoadedModel, rows: number): readonly Tensor[] {
  const inputs = signatures.get("serving_default")?.inputs ?? [];
  return inputs.map(({ shape }) => {
    const whole = [rows, ...shape.slice(1)];
    const data = Float32Array.from({ length: elementCount(whole) }, (_, i) => ((i * 7919) % 257) / 257);
    return { dtype: "float32", shape: whole, data };
  });
}

async function samplesPerSecond(model: LoadedModel, batch: readonly Tensor[], rows: number): Promise<number> {
  const start = performance.now();
  let samples = 0;
  while (performance.now() - start < roundMs) {
    await model.infer(batch);
    samples += rows;
  }
  return (1000 * samples) / (performance.now() - start);
}

function largestGap(one: Tensor | undefined, other: Tensor | undefined): number {
  const others = Array.from(other?.data ?? [], Number);
  return Array.from(one?.data ?? [], Number).reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - (others[i] ?? Number.NaN))),
    0,
  );
}
