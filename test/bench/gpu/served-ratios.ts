import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";
import { binaryRequest } from "./binary-exchange.ts";
import { usedMb } from "./gpu-device.ts";
import { loadedModels, runtimeProcess } from "./runtime-process.ts";
import type { LoadReport } from "../serving/load-report.ts";

/** Measurements of a runtime on one device. */
export interface ServedRun {
  readonly engine: string;
  readonly readyMs: number;
  readonly usedMb: number;
  /** One run for each number of connections. */
  readonly runs: readonly {
    readonly connections: number;
    readonly perSecond: number;
    readonly p50: number;
    readonly p99: number;
  }[];
}

const generator = join(import.meta.dirname, "..", "serving", "load-generator.ts");
const seconds = 2;

/** Starts a runtime with a model of one input and the default batching, and loads it with requests of single rows. */
export async function servedRun(
  path: string,
  row: Tensor,
  connections: readonly number[],
  onGpu: boolean,
): Promise<ServedRun> {
  const folder = await mkdtemp(join(tmpdir(), "modelwright-gpu-"));
  const before = usedMb();
  const runtime = await runtimeProcess([path, "--name", "made"], onGpu);
  try {
    const { body, headLength } = binaryRequest([{ name: "x", tensor: row }]);
    const head = `POST /v2/models/made/infer HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/octet-stream\r\ninference-header-content-length: ${headLength}\r\ncontent-length: ${body.length}\r\n\r\n`;
    const request = Buffer.concat([Buffer.from(head), body]).toString("base64");
    const file = join(folder, "exchange.json");
    await writeFile(file, JSON.stringify({ request, answer: Buffer.from('"FP32"').toString("base64") }));
    const runs: ServedRun["runs"][number][] = [];
    for (const count of connections) {
      const args = [generator, String(runtime.port), String(count), String(seconds), file];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const { requests, wrong, rejected, failed, p50, p99 } = JSON.parse(
        stdout.trim().split("\n").at(-1) ?? "",
      ) as LoadReport; // printed by load-generator.ts
      if (wrong + rejected + failed > 0) throw new Error(`${wrong} wrong, ${rejected} refused, ${failed} failed`);
      runs.push({ connections: count, perSecond: requests / seconds, p50, p99 });
    }
    const engine = String(loadedModels(runtime)[0]?.["engine"]);
    return { engine, readyMs: runtime.readyMs, usedMb: usedMb() - before, runs };
  } finally {
    await runtime.stop();
    await rm(folder, { recursive: true });
  }
}
