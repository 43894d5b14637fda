import type { NamedTensor } from "../../../dataplane/tensor.ts";
import { type WriteTaskName, offload } from "./offload.ts";

/** Result of a writer: the response body, and other values that can be cloned. */
export interface WriteResult {
  readonly body: string | Uint8Array;
}

/** Encodes large response bodies in the body thread. */
export interface BodyWriter<Arguments extends object, Result extends WriteResult> {
  /**
   * Writes a response in the thread. `undefined` when the caller should write it in place: the outputs `toWrite` have few numbers and
   * little text, or too much is pending. `args`: what the writer takes beside the outputs, values that can be cloned. Rejects with the
   * Fault that the writer throws.
   */
  write(
    args: Arguments,
    outputs: readonly NamedTensor[],
    toWrite?: readonly NamedTensor[],
  ): Promise<Result> | undefined;
}

/** Formatting so many numbers takes as long as other requests may be blocked: some 10 ms. */
const manyNumbers = 50_000;
/** Writing so many bytes of text takes as long as one number. */
const bytesPerNumber = 16;

/** The writer for a task of the body thread. */
export function bodyWriter<Arguments extends object, Result extends WriteResult>(
  task: WriteTaskName,
): BodyWriter<Arguments, Result> {
  return {
    write: (args, outputs, toWrite = outputs) => {
      const numbers = equivalentNumbers(toWrite);
      if (numbers < manyNumbers) return undefined;
      const result = offload(task, { content: args, tensors: outputs }, numbers * bytesPerNumber);
      return result?.then(({ content }) => content as Result); // the writer's result
    },
  };
}

/** The writing time of outputs, as a count of numbers that take as long. */
function equivalentNumbers(outputs: readonly NamedTensor[]): number {
  let numbers = 0;
  for (const { tensor } of outputs) {
    numbers += tensor.data.length;
    if (tensor.dtype === "string") for (const { length } of tensor.data) numbers += length / bytesPerNumber;
  }
  return numbers;
}
