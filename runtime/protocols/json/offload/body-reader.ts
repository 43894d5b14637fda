import type { NamedTensor } from "../../../dataplane/tensor.ts";
import { type ReadTaskName, offload } from "./offload.ts";

/** Arguments of a reader: the request body, and other values that can be cloned. */
export interface ReadArguments {
  readonly body: Buffer;
}

/** Result of a reader. */
export interface ReadResult {
  readonly inputs?: readonly NamedTensor[];
}

/** Decodes large request bodies in the body thread. */
export interface BodyReader<Arguments extends ReadArguments, Result extends ReadResult> {
  /**
   * Reads a body in the thread, to which the body's memory moves. `undefined` when the caller should read it in place: the body has
   * little JSON, or too much is pending. `jsonBytes` is the announced size, which may be wrong or NaN. Rejects with the Fault that
   * the reader throws.
   */
  read(args: Arguments, jsonBytes: number): Promise<Result> | undefined;
}

/** JSON of this size may take as long to parse as other requests may be blocked: some 25 ms per mebibyte of hostile arrays. */
const largeBytes = 512 * 1024;

/** The reader for a task of the body thread. */
export function bodyReader<Arguments extends ReadArguments, Result extends ReadResult>(
  task: ReadTaskName,
): BodyReader<Arguments, Result> {
  return {
    read: (args, jsonBytes) => {
      const sizeBytes = args.body.length;
      if (!(Math.min(jsonBytes, sizeBytes) > largeBytes)) return undefined;
      const result = offload(task, { content: args, transferList: transferListOf(args.body) }, sizeBytes);
      return result?.then(({ content, tensors: inputs }) => ({ ...content, ...(inputs && { inputs }) }) as Result); // as `readTask` split it
    },
  };
}

/** The memory of a body, unless most of it belongs to something else. */
function transferListOf({ length, buffer }: Buffer): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength < 4 * length ? [buffer] : [];
}
