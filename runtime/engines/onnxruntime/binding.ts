import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { onnxRuntimeFaults as faults } from "./faults.ts";

/** A tensor as the addon of onnxruntime-node takes and gives it. */
export interface NativeTensor {
  readonly type: string;
  readonly location: "cpu";
  data: ArrayLike<unknown>;
  dims: readonly number[];
}

/** The addon makes its results with this, as it would with the package's class: by `new`. */
export function nativeTensor(type: string, data: ArrayLike<unknown>, dims: readonly number[]): NativeTensor {
  return { type, location: "cpu", data, dims };
}

/** An input or output as the addon describes it; `type` is a number of onnx.proto's `TensorProto.DataType`. */
export interface NativeValue {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type: number;
  /** -1 stands for any size. */
  readonly shape: readonly number[];
}

/** The addon's session. Every method blocks its thread. */
export interface NativeSession {
  loadModel(buffer: ArrayBuffer, byteOffset: number, byteLength: number, options: SessionOptions): void;
  run(feeds: object, fetches: object, options: object): Readonly<Record<string, NativeTensor>>;
  dispose(): void;
  readonly inputMetadata: readonly NativeValue[];
  readonly outputMetadata: readonly NativeValue[];
}

/** As onnxruntime-common's `InferenceSession.SessionOptions`, with what is set here. */
export interface SessionOptions {
  readonly executionProviders: readonly string[];
  readonly intraOpNumThreads: number;
  readonly interOpNumThreads: number;
  readonly graphOptimizationLevel: "all";
  readonly logSeverityLevel: number;
  /** onnxruntime_session_options_config_keys.h, by the parts of the keys. */
  readonly extra: object;
}

interface Addon {
  readonly InferenceSession: new () => NativeSession;
  initOrtOnce(logLevel: number, tensor: typeof nativeTensor, isMainThread: boolean): void;
}

/** Faults tell what failed; the library would print it a second time. */
export const silent = 4;
const require = createRequire(import.meta.url);
let loaded: Addon | undefined;

/**
 * Loads ONNX Runtime once per thread. The addon is called without the package's JavaScript: that turns every call into a
 * promise and an `setImmediate`, which cost more than a small model.
 */
export function onnxRuntimeAddon(): Addon {
  if (loaded !== undefined) return loaded;
  try {
    const folder = dirname(require.resolve("onnxruntime-node/package.json"));
    const file = join(folder, "bin/napi-v6", process.platform, process.arch, "onnxruntime_binding.node");
    const addon = require(file) as Addon; // as the package's dist/binding.js has it
    addon.initOrtOnce(silent, nativeTensor, isMainThread);
    loaded = addon;
    return addon;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw faults.OnnxRuntimeMissing({ platform: `${process.platform}/${process.arch}`, reason }, thrown);
  }
}
