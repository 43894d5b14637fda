import { parentPort, workerData } from "node:worker_threads";
import { Fault } from "../../base/fault.ts";
import { type SerializedFault, serializedFault } from "../../base/threads/serialized-fault.ts";
import { lowerThreadPriority } from "../../base/threads/thread-priority.ts";
import { receivedTensor, tensorTransfer } from "../../dataplane/tensor-transfer.ts";
import type { LoadedModel } from "../../engines/engine.ts";
import { loadModel } from "../formats/load-model.ts";
import { type Call, endOfThread, type ThreadNews, type ThreadOrder } from "./thread-messages.ts";

/** Entry of a thread that holds one model: loads it and answers calls in turn. It ends when it is told to, or terminated. */
async function main(): Promise<void> {
  lowerThreadPriority();
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
    tell({ kind: "failed", fault: serializedFault(thrown) });
  }
}

async function answer(model: LoadedModel, { id, inputs: moved, signature }: Call): Promise<void> {
  try {
    const inputs = moved.map(receivedTensor);
    const start = performance.now();
    const outputs = await model.infer(inputs, signature);
    const engineMs = performance.now() - start;
    const { tensors, transferList } = tensorTransfer(outputs, true);
    tell({ kind: "answer", id, outputs: tensors, engineMs }, transferList);
  } catch (thrown) {
    tell({ kind: "refusal", id, reason: refusalOf(thrown) });
  }
}

/** A fault says whose mistake it is; of anything else there is only what it says. */
function refusalOf(thrown: unknown): string | SerializedFault {
  if (thrown instanceof Fault) return serializedFault(thrown);
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function tell(news: ThreadNews, memory: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(news, memory);
}

await main();
