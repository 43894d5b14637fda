import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { nicenessOf, nicest } from "./thread-niceness.ts";

const threadPriority = new URL("../../../../runtime/base/threads/thread-priority.ts", import.meta.url);

test.runIf(process.platform === "linux")(
  "only the calling thread gets a lower priority than the event loop",
  async () => {
    const worker = new Worker(
      `import(${JSON.stringify(threadPriority)}).then(({ lowerThreadPriority }) => {
      lowerThreadPriority();
      require("node:worker_threads").parentPort.on("message", () => {}).postMessage("done");
    });`,
      { eval: true },
    );
    await once(worker, "message");
    expect([nicenessOf(process.pid), nicest()]).toEqual([0, 10]);
    await worker.terminate();
  },
);
