import type { NamedTensor } from "../../../dataplane/tensor.ts";
import { type WritingTask, aside } from "./aside.ts";

/** An answer, and what else its protocol says with it: values that can be cloned. */
export interface WrittenAnswer {
  readonly body: string | Uint8Array;
}

/** Writes large answers aside. */
export interface BodyWriter<Order extends object, Answer extends WrittenAnswer> {
  /**
   * `undefined` when the answer is written as well where it is: one of few numbers and little text in the outputs `toWrite`, or one
   * too many. `order`: what it takes beside the outputs, values that can be cloned. Rejects with the Fault that the thread's writer
   * throws.
   */
  write(order: Order, outputs: readonly NamedTensor[], toWrite?: readonly NamedTensor[]): Promise<Answer> | undefined;
}

/** So many numbers take as long to write as others are to wait at most: some 10 ms. */
const manyNumbers = 50_000;
/** Text takes as long as numbers of so many bytes. */
const bytesPerNumber = 16;

/** The writer for a task of the thread. */
export function bodyWriter<Order extends object, Answer extends WrittenAnswer>(
  task: WritingTask,
): BodyWriter<Order, Answer> {
  return {
    write: (order, outputs, toWrite = outputs) => {
      const numbers = numbersOf(toWrite);
      if (numbers < manyNumbers) return undefined;
      const answer = aside(task, { content: order, tensors: outputs }, numbers * bytesPerNumber);
      return answer?.then(({ content }) => content as Answer); // what its writer gives
    },
  };
}

/** How many numbers take as long to write. */
function numbersOf(outputs: readonly NamedTensor[]): number {
  let numbers = 0;
  for (const { tensor } of outputs) {
    numbers += tensor.data.length;
    if (tensor.dtype === "string") for (const { length } of tensor.data) numbers += length / bytesPerNumber;
  }
  return numbers;
}
