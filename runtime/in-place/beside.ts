import { totalmem } from "node:os";
import type { ReadyModel } from "../model/start-model.ts";
import { inPlaceFaults } from "./faults.ts";
import { expectedBytes, memoryLimit } from "./memory-need.ts";

/** A loaded model and its revision. */
interface LoadedRevision {
  readonly revision: string;
  readonly ready: Pick<ReadyModel, "sizeBytes"> & {
    readonly served: { readonly loaded: Pick<ReadyModel["served"]["loaded"], "engine" | "note" | "weightBytes"> };
  };
}

/** Memory of a process in bytes. */
export interface MemoryState {
  readonly residentBytes: number;
  /** `undefined` without a limit. */
  readonly limitBytes: number | undefined;
}

/** Throws `InsufficientMemory` when a model of that size is not expected to fit beside the serving one. */
export function checkMemory(
  { revision, sizeBytes }: { readonly revision: string; readonly sizeBytes: number },
  { revision: beside, ready }: LoadedRevision,
  { residentBytes, limitBytes }: MemoryState = memoryState(),
): void {
  if (limitBytes === undefined) return;
  const { weightBytes } = ready.served.loaded;
  const expected = expectedBytes(sizeBytes, { sizeBytes: ready.sizeBytes, weightBytes });
  if (residentBytes + expected <= limitBytes) return;
  throw inPlaceFaults.InsufficientMemory({ revision, beside, expectedBytes: expected, residentBytes, limitBytes });
}

function memoryState(): MemoryState {
  return {
    residentBytes: process.memoryUsage.rss(),
    limitBytes: memoryLimit(process.constrainedMemory(), totalmem()),
  };
}

/** Engines on a GPU, such as `OnnxRuntime/cuda` and `TensorFlow/gpu`. */
const gpuEngine = /\/(?:cuda|gpu)$/;

/** Throws `DeviceNotShared` when the serving model runs on a GPU and the one loaded beside it fell back to processors. */
export function checkDevice(
  { revision, ready }: LoadedRevision,
  { revision: beside, ready: other }: LoadedRevision,
): void {
  const { engine, note = "" } = ready.served.loaded;
  const { engine: besideEngine } = other.served.loaded;
  if (!gpuEngine.test(besideEngine) || gpuEngine.test(engine)) return;
  throw inPlaceFaults.DeviceNotShared({ revision, beside, engine, besideEngine, note });
}
