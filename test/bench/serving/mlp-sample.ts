import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "./exchange.ts";

interface Expected {
  readonly input: string;
  readonly row: readonly number[];
  readonly output: readonly number[];
}

/** Path of the small model of the benchmarks. */
export const mlpModel = join(import.meta.dirname, "mlp.onnx");

/** An input row of the small model and the beginning of its correct answer, from the JSON file at `path`. */
export function mlpSample(path = join(import.meta.dirname, "mlp.json")): Sample {
  const { input, row, output } = JSON.parse(readFileSync(path, "utf8")) as Expected; // our own data
  return {
    input,
    row,
    begins: String(output[0]).slice(0, 6),
    bytes: Buffer.from(Float32Array.from(output).buffer).subarray(2, 4),
  };
}
