import { parentPort } from "node:worker_threads";
import { Fault } from "../../../runtime/base/fault.ts";
import { buffersOf } from "../../../runtime/model/formats/definition.ts";
import { limitLibraryMemory } from "../../../runtime/model/formats/library-memory.ts";
import type { ParseAnswer } from "../../../runtime/model/formats/parser-thread.ts";
import { type ReadRequest, readers } from "../../../runtime/model/formats/readers.ts";

limitLibraryMemory();

/** Entry of a thread that reads one model after the other: each answer is one that the runtime's own thread would give. */
parentPort?.on("message", (request: ReadRequest) => {
  void answerTo(request).then((answer) => {
    parentPort?.postMessage(answer, "model" in answer ? [...buffersOf(answer.model)] : []);
  });
});

async function answerTo(request: ReadRequest): Promise<ParseAnswer> {
  try {
    return { model: await readers[request.format].read(request) };
  } catch (thrown) {
    const { record, retry, level } = Fault.from(thrown);
    return { fault: { ...record, retry, level } };
  }
}
