import { parentPort, workerData } from "node:worker_threads";
import { Fault } from "../../base/fault.ts";
import { buffersOf } from "./definition.ts";
import { limitLibraryMemory } from "./library-memory.ts";
import type { ParseAnswer } from "./parser-thread.ts";
import { type ReadRequest, readers } from "./readers.ts";

/** Entry of the reading thread: reads the file named in `workerData` and posts a ParseAnswer. */
async function parse(): Promise<void> {
  limitLibraryMemory();
  const answer = await answerTo(workerData as ReadRequest); // parser-thread.ts is the only one to start this thread
  parentPort?.postMessage(answer, "model" in answer ? [...buffersOf(answer.model)] : []);
}

async function answerTo(request: ReadRequest): Promise<ParseAnswer> {
  try {
    return { model: await readers[request.format](request) };
  } catch (thrown) {
    const { record, retry, level } = Fault.from(thrown);
    return { fault: { ...record, retry, level } };
  }
}

await parse();
