import { statSync } from "node:fs";
import { basename, extname } from "node:path";
import type { Worker } from "node:worker_threads";
import { Fault } from "../../base/fault.ts";
import { startProgramThread } from "../../base/threads/program-threads.ts";
import type { SerializedFault } from "../../base/threads/serialized-fault.ts";
import { formatFaults } from "./faults.ts";
import type { ModelDefinition } from "./definition.ts";
import type { ReadRequest } from "./readers.ts";
import type { FileFormat } from "./format-detection.ts";

/** What it answers: a message with the buffers of all weights moved, not copied. */
export type ParseAnswer = { readonly model: ModelDefinition } | { readonly fault: SerializedFault };

/** What a thread is started with: its file comes as a message. */
export interface ParserOrder {
  /** The reader that it will most likely need. */
  readonly format: FileFormat | undefined;
}

/** Time on the processor that a file may take to read, however small it is, and for each byte of it: 50 ms a megabyte. */
const leastCpuMs = 5_000;
const cpuMsPerByte = 50 / 1_000_000;
const cpuCheckMs = 500;

/** A thread that waits for its file. */
let spare: Worker | undefined;

/** Formats that names tell of; content decides. */
const formatsByEnding: Readonly<Record<string, FileFormat>> = {
  ".h5": "keras-h5",
  ".hdf5": "keras-h5",
  ".keras": "keras-zip",
  ".onnx": "onnx",
};

/** Starts the thread that will read the first file, which is probably that at `path`, while the program is still being loaded. */
export function prepareParser(path: string): void {
  if (spare !== undefined) return;
  const worker = startedParser({ format: formatsByEnding[extname(path).toLowerCase()] });
  worker.unref();
  worker.once("error", () => {}); // it has exited then, and the next one will tell
  worker.once("exit", () => {
    if (spare === worker) spare = undefined;
  });
  spare = worker;
}

function startedParser(workerData: ParserOrder): Worker {
  return startProgramThread("parser", { workerData });
}

/**
 * Reads a model file in a thread of its own, which ends with it: a parser that loops or dies takes nothing along. One that goes
 * round in circles is told by its time on the processor, which a slow disk or a busy machine does not use up.
 */
export function parseInThread(request: ReadRequest, timeoutMs: number): Promise<ModelDefinition> {
  const file = basename(request.path);
  const worker = spare ?? startedParser({ format: request.format });
  spare = undefined;
  worker.ref();
  let stopWatching: (() => Promise<void>) | undefined;
  return new Promise<ModelDefinition>((resolve, reject) => {
    const timer = setTimeout(() => reject(formatFaults.ModelParseTimeout({ file, timeoutMs })), timeoutMs);
    const stopWatch = watchCpu(worker, cpuMsFor(request.path), (cpuMs) =>
      reject(formatFaults.ModelParseEndless({ file, cpuMs })),
    );
    stopWatching = (): Promise<void> => {
      clearTimeout(timer);
      return stopWatch();
    };
    const fail = (reason: string, cause?: unknown): void => {
      reject(formatFaults.ModelParseCrashed({ file, reason }, cause));
    };
    worker.once("message", (answer: ParseAnswer) => {
      if ("model" in answer) resolve(answer.model);
      else reject(new Fault(answer.fault));
    });
    worker.once("error", (error: Error) => fail(error.message, error));
    worker.once("exit", (code) => fail(`it ended with code ${code}`));
    worker.postMessage(request, []);
  }).finally(() => {
    void stopWatching?.().then(() => worker.terminate());
  });
}

/** What one file may take of the processor. Only our own code reads folders, and it counts what it does. */
function cpuMsFor(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true ? leastCpuMs + Math.ceil(stat.size * cpuMsPerByte) : Number.POSITIVE_INFINITY;
}

/**
 * Calls back once the thread has used so much of the processor. What is returned stops the watch and resolves when the thread may be
 * ended: not while it is asked, for once, on a busy machine, a process died where a thread was asked and ended at the same time. One
 * that does not answer runs native code, and ends only after it.
 */
function watchCpu(worker: Worker, cpuMs: number, callback: (cpuMs: number) => void): () => Promise<void> {
  let asked: Promise<void> | undefined;
  const timer = setInterval(() => {
    asked ??= worker
      .cpuUsage()
      .then(
        ({ user, system }) => {
          if ((user + system) / 1000 > cpuMs) callback(cpuMs);
        },
        () => {}, // it has ended
      )
      .finally(() => (asked = undefined));
  }, cpuCheckMs);
  return async () => {
    clearInterval(timer);
    await asked;
  };
}
