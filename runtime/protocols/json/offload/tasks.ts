import { Buffer } from "node:buffer";
import { parentPort } from "node:worker_threads";
import { serializedFault } from "../../../base/threads/serialized-fault.ts";
import type { NamedTensor } from "../../../dataplane/tensor.ts";
import type { ReadArguments, ReadResult } from "./body-reader.ts";
import type { WriteResult } from "./body-writer.ts";
import type { TaskName, TaskRequest, TaskResult } from "./offload.ts";
import { type TaskPayload, postedPayload, receivedPayload } from "./task-payload.ts";

type Task = (payload: TaskPayload) => TaskPayload;

/** In the body thread: runs the tasks that it is sent, one after the other. */
export function runTasks(tasks: Readonly<Record<TaskName, Task>>): void {
  parentPort?.on("message", ({ id, task, ...posted }: TaskRequest) => {
    try {
      const [result, transferList] = postedPayload(tasks[task](receivedPayload(posted)), true);
      post({ ...result, id }, transferList);
    } catch (thrown) {
      post({ id, fault: serializedFault(thrown) });
    }
  });
}

function post(result: TaskResult, transferList: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(result, transferList);
}

/** The task behind a `BodyReader`. */
export function readTask(read: (args: never) => ReadResult): Task {
  return ({ content }) => {
    const args = content as ReadArguments; // the sender passes what the reader of this task takes
    const { buffer, byteOffset, byteLength } = args.body;
    const { inputs, ...rest } = read({ ...args, body: Buffer.from(buffer, byteOffset, byteLength) } as never); // as above
    return { content: rest, ...(inputs === undefined ? {} : { tensors: inputs }) };
  };
}

/** The task behind a `BodyWriter`. */
export function writeTask(write: (args: never, outputs: readonly NamedTensor[]) => WriteResult): Task {
  return ({ content, tensors = [] }) => {
    const { body: written, ...rest } = write(content as never, tensors); // the sender passes what the writer of this task takes
    const body = Uint8Array.from(Buffer.from(written));
    return { content: { ...rest, body }, transferList: [body.buffer] };
  };
}
