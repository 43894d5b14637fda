import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { Fault } from "../../base/fault.ts";
import { type SentFault, sentFault } from "../../base/threads/sent-fault.ts";
import { arrived, cargo } from "../../dataplane/cargo.ts";
import type { LoadedModel } from "../../engines/engine.ts";
import { loadModel } from "../formats/load-model.ts";
import { type Call, endOfThread, type ThreadNews, type ThreadOrder } from "./thread-messages.ts";

/** The event loop waits for no core that this thread computes on: it is nicer by so much (`man 7 sched`). */
const niceness = 10;

/** Linux gives each thread a niceness of its own; elsewhere it stays as it is. Threads that the engine starts take it over. */
function yieldToTheLoop(): void {
  try {
    const [thread = ""] = readlinkSync("/proc/thread-self").split("/").slice(-1);
    setPriority(Number(thread), niceness);
  } catch {
    // no Linux, or no right to: nothing but a figure depends on it
  }
}

/** Entry of a thread that holds one model: loads it and answers calls in turn. It ends when it is told to, or terminated. */
async function main(): Promise<void> {
  yieldToTheLoop();
  try {
    const { format, model } = await loadModel(...(workerData as ThreadOrder)); // threaded-model.ts is the only one to start it
    const { engine, signatures, weightBytes, note, isUninterruptible } = model;
    const further = {
      ...(note === undefined ? {} : { note }),
      ...(isUninterruptible === true ? { isUninterruptible } : {}),
    };
    tell({ kind: "loaded", model: { format, engine, signatures, weightBytes, ...further } });
    parentPort?.on("message", (call: Call | typeof endOfThread) => {
      if (call === endOfThread) process.exit();
      void answer(model, call);
    });
  } catch (thrown) {
    tell({ kind: "failed", fault: sentFault(thrown) });
  }
}

async function answer(model: LoadedModel, { id, inputs: moved, signature }: Call): Promise<void> {
  try {
    const inputs = moved.map(arrived);
    const start = performance.now();
    const outputs = await model.infer(inputs, signature);
    const engineMs = performance.now() - start;
    const { tensors, memory } = cargo(outputs, true);
    tell({ kind: "answer", id, outputs: tensors, engineMs }, memory);
  } catch (thrown) {
    tell({ kind: "refusal", id, reason: refusalOf(thrown) });
  }
}

/** A fault says whose mistake it is; of anything else there is only what it says. */
function refusalOf(thrown: unknown): string | SentFault {
  if (thrown instanceof Fault) return sentFault(thrown);
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function tell(news: ThreadNews, memory: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(news, memory);
}

await main();
