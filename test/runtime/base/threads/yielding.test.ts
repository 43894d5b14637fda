import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { nicenessOf, nicest } from "./thread-niceness.ts";

const yielding = new URL("../../../../runtime/base/threads/yielding.ts", import.meta.url);

test.runIf(process.platform === "linux")("only the thread that asks for it is nicer than the event loop", async () => {
  const worker = new Worker(
    `import(${JSON.stringify(yielding)}).then(({ yieldToTheLoop }) => {
      yieldToTheLoop();
      require("node:worker_threads").parentPort.on("message", () => {}).postMessage("done");
    });`,
    { eval: true },
  );
  await once(worker, "message");
  expect([nicenessOf(process.pid), nicest()]).toEqual([0, 10]);
  await worker.terminate();
});
