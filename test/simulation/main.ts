import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { Played, Share } from "./worker.ts";

/** `npm run simulate -- [--schedules N] [--seed S]`: N schedules from seed S on; with a seed alone, that one. */
const { values } = parseArgs({ options: { schedules: { type: "string" }, seed: { type: "string" } } });
const first = Number(values.seed ?? "1");
const schedules = Number(values.schedules ?? (values.seed === undefined ? "100000" : "1"));
const workers = Math.min(availableParallelism(), schedules);

const startedMs = performance.now();
let played = 0;
let faults = 0;
let failed = 0;

const rate = (): string => `${(played / ((performance.now() - startedMs) / 1_000)).toFixed(1)} schedules/s`;
const progress = setInterval(() => {
  process.stdout.write(`${played} schedules, ${faults} faults, ${failed} failed, ${rate()}\n`);
}, 10_000);

function done(share: Share): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: share });
    worker.on("message", ({ faults: hits, failure }: Played) => {
      played += 1;
      faults += hits;
      if (failure === undefined) return;
      failed += 1;
      process.stdout.write(`${failure}\n\n`);
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve());
  });
}

await Promise.all(
  Array.from({ length: workers }, (_, index) =>
    done({ first: first + index, step: workers, count: Math.ceil((schedules - index) / workers) }),
  ),
);
clearInterval(progress);
process.stdout.write(`${played} schedules, ${faults} faults, ${failed} failed; ${rate()} on ${workers} threads\n`);
process.exitCode = failed === 0 ? 0 : 1;
