import { closeSync, fstatSync, openSync } from "node:fs";
import { basename } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { Fault } from "../../base/fault.ts";
import { fileSource } from "./byte-source.ts";
import { readArchive, readH5 } from "./keras/keras-file.ts";
import type { KerasModel } from "./keras/keras-model.ts";
import type { ParseAnswer, ParseRequest } from "./parser-thread.ts";

/** Bytes that the HDF5 library may use beside the weights it hands out block by block. */
const libraryBytes = 192 * 1024 ** 2;
const pageBytes = 65_536;

/** Entry of the reading thread: reads the file named in `workerData` and posts a ParseAnswer. */
async function parse(): Promise<void> {
  limitLibraryMemory();
  const answer = await answerTo(workerData as ParseRequest); // parser-thread.ts is the only one to start this thread
  parentPort?.postMessage(answer, "model" in answer ? buffersOf(answer.model) : []);
}

async function answerTo(request: ParseRequest): Promise<ParseAnswer> {
  const fd = openSync(request.path, "r");
  try {
    const source = fileSource(fd, fstatSync(fd).size);
    const file = { name: basename(request.path), source, maxWeightBytes: request.maxModelBytes };
    return { model: await (request.format === "keras-h5" ? readH5(file) : readArchive(file)) };
  } catch (thrown) {
    const { record, retry, level } = Fault.from(thrown);
    return { fault: { ...record, retry, level } };
  } finally {
    closeSync(fd);
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

function buffersOf(model: KerasModel): ArrayBuffer[] {
  return model.weights.flatMap(({ tensors }) => tensors.map(({ data }) => data.buffer));
}

await parse();
