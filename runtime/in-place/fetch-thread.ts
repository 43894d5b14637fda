import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../base/clock.ts";
import { jsonLog } from "../base/log.ts";
import { serializedFault } from "../base/threads/serialized-fault.ts";
import { lowerThreadPriority } from "../base/threads/thread-priority.ts";
import { fetchModel } from "../fetch.ts";
import { fetchOptions } from "../options.ts";
import type { FetchAnswer, FetchTask } from "./fetch-in-thread.ts";

/** Entry of a thread that downloads one model, with an environment and proxies of its own. */
async function main(): Promise<void> {
  lowerThreadPriority();
  const { env, logFields } = workerData as FetchTask; // only fetch-in-thread.ts starts this thread
  try {
    const options = fetchOptions([], env);
    const log = jsonLog(options.logLevel, logFields);
    await fetchModel(options, { clock: systemClock, log, stop: new AbortController().signal });
    post({ kind: "fetched" });
  } catch (thrown) {
    post({ kind: "failed", fault: serializedFault(thrown) });
  }
}

function post(answer: FetchAnswer): void {
  parentPort?.postMessage(answer, []);
}

await main();
