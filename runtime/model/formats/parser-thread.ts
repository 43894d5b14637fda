import { getCompileCacheDir } from "node:module";
import { basename } from "node:path";
import { Worker } from "node:worker_threads";
import { Fault, type FaultLevel, type FaultRecord, type Retry } from "../../base/fault.ts";
import { formatFaults } from "./faults.ts";
import type { ModelDefinition } from "./definition.ts";
import type { ReadRequest } from "./readers.ts";

/** What it answers: a message with the buffers of all weights moved, not copied. */
export type ParseAnswer =
  | { readonly model: ModelDefinition }
  | { readonly fault: FaultRecord & { readonly retry: Retry; readonly level: FaultLevel } };

/** Bounds of the thread's JavaScript memory; weights lie outside it and are counted before they are read. */
const resourceLimits = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/** Reads a model file in a thread of its own, which ends with it: a parser that loops or dies takes nothing along. */
export function parseInThread(request: ReadRequest, timeoutMs: number): Promise<ModelDefinition> {
  const file = basename(request.path);
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./parser.${extension}`, import.meta.url), {
    workerData: request,
    env: compileCache(),
    execArgv: [],
    stdout: true,
    stderr: true, // the HDF5 library prints every failed call
    resourceLimits,
  });
  return new Promise<ModelDefinition>((resolve, reject) => {
    const timer = setTimeout(() => reject(formatFaults.ModelParseTimeout({ file, timeoutMs })), timeoutMs);
    const fail = (reason: string, cause?: unknown): void => {
      clearTimeout(timer);
      reject(formatFaults.ModelParseCrashed({ file, reason }, cause));
    };
    worker.once("message", (answer: ParseAnswer) => {
      clearTimeout(timer);
      if ("model" in answer) resolve(answer.model);
      else reject(new Fault(answer.fault));
    });
    worker.once("error", (error: Error) => fail(error.message, error));
    worker.once("exit", (code) => fail(`it ended with code ${code}`));
  }).finally(() => {
    void worker.terminate();
  });
}

/** The thread sees nothing of the environment but where compiled code is kept: compiling takes half of its time. */
function compileCache(): Readonly<Record<string, string>> {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
