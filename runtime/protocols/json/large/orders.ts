import { Buffer } from "node:buffer";
import { parentPort } from "node:worker_threads";
import { serializedFault } from "../../../base/threads/serialized-fault.ts";
import type { NamedTensor } from "../../../dataplane/tensor.ts";
import type { BodyTask, SentAnswer, SentOrder } from "./aside.ts";
import type { ReadBody, ReadingOrder } from "./body-reader.ts";
import type { WrittenAnswer } from "./body-writer.ts";
import { type Parcel, openedParcel, sentParcel } from "./parcel.ts";

/** One kind of work of the thread. */
type Task = (parcel: Parcel) => Parcel;

/** In the thread of large bodies: does its tasks, one after the other. */
export function answerOrders(tasks: Readonly<Record<BodyTask, Task>>): void {
  parentPort?.on("message", ({ id, task, ...sent }: SentOrder) => {
    try {
      const [answer, memory] = sentParcel(tasks[task](openedParcel(sent)), true);
      tell({ ...answer, id }, memory);
    } catch (thrown) {
      tell({ id, fault: serializedFault(thrown) });
    }
  });
}

function tell(answer: SentAnswer, memory: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(answer, memory);
}

/** The task that a `BodyReader` sends. */
export function reading(read: (order: never) => ReadBody): Task {
  return ({ content }) => {
    const order = content as ReadingOrder; // whoever sent it knows what its reader takes
    const { buffer, byteOffset, byteLength } = order.body;
    const { inputs, ...rest } = read({ ...order, body: Buffer.from(buffer, byteOffset, byteLength) } as never); // as above
    return { content: rest, ...(inputs === undefined ? {} : { tensors: inputs }) };
  };
}

/** The task that a `BodyWriter` sends. */
export function writing(write: (order: never, outputs: readonly NamedTensor[]) => WrittenAnswer): Task {
  return ({ content, tensors = [] }) => {
    const { body: written, ...answer } = write(content as never, tensors); // whoever sent it knows what its writer takes
    const body = Uint8Array.from(Buffer.from(written));
    return { content: { ...answer, body }, memory: [body.buffer] };
  };
}
