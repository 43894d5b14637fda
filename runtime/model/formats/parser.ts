import { parentPort, workerData } from "node:worker_threads";
import { Fault } from "../../base/fault.ts";
import { buffersOf } from "./definition.ts";
import type { ParseAnswer } from "./parser-thread.ts";
import { type ReadRequest, readers } from "./readers.ts";

/** Bytes that the HDF5 library may use beside the weights it hands out block by block. */
const libraryBytes = 192 * 1024 ** 2;
const pageBytes = 65_536;

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

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** WebAssembly memory is not covered by the thread's resource limits: growing beyond the limit fails inside the library. */
function limitLibraryMemory(): void {
  const { Memory } = Reflect.get(globalThis, "WebAssembly") as { Memory: { prototype: Memory } }; // not in the es2024 types
  const grow: unknown = Object.getOwnPropertyDescriptor(Memory.prototype, "grow")?.value;
  if (typeof grow !== "function") return;
  Memory.prototype.grow = function (this: Memory, pages: number): number {
    if (this.buffer.byteLength + pages * pageBytes > libraryBytes) throw new RangeError("the memory limit is reached");
    return Number(Reflect.apply(grow, this, [pages]));
  };
}

await parse();
