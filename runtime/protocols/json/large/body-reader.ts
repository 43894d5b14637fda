import type { NamedTensor } from "../../../dataplane/tensor.ts";
import { type ReadingTask, aside } from "./aside.ts";

/** A body, and what else it takes to read it: values that can be cloned. */
export interface ReadingOrder {
  readonly body: Buffer;
}

/** What comes out. */
export interface ReadBody {
  readonly inputs?: readonly NamedTensor[];
}

/** Reads large bodies aside. */
export interface BodyReader<Order extends ReadingOrder, Read extends ReadBody> {
  /**
   * `undefined` when the body is read as well where it is: one of little JSON, or one too many. `jsonBytes` is as announced: it may
   * be wrong, or no number. Else its memory goes to the thread. Rejects with the Fault that the thread's reader throws.
   */
  read(order: Order, jsonBytes: number): Promise<Read> | undefined;
}

/** JSON of so many bytes may take the time that others are to wait at most: some 25 ms for each mebibyte of hostile lists. */
const largeBytes = 512 * 1024;

/** The reader for a task of the thread. */
export function bodyReader<Order extends ReadingOrder, Read extends ReadBody>(
  task: ReadingTask,
): BodyReader<Order, Read> {
  return {
    read: (order, jsonBytes) => {
      const sizeBytes = order.body.length;
      if (!(Math.min(jsonBytes, sizeBytes) > largeBytes)) return undefined;
      const answer = aside(task, { content: order, memory: memoryOf(order.body) }, sizeBytes);
      return answer?.then(({ content, tensors: inputs }) => ({ ...content, ...(inputs && { inputs }) }) as Read); // put together again
    },
  };
}

/** What moves with a body: memory that holds little else. */
function memoryOf({ length, buffer }: Buffer): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength < 4 * length ? [buffer] : [];
}
