import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { errorText } from "../../base/fault.ts";
import { tensorFlowFaults as faults } from "./faults.ts";

/**
 * Output folders of `npm run build:tensorflow-engine`, relative to this file: `dist` when running from source, or
 * beside the bundled programs in an image.
 */
const candidateFolders = ["../../../tensorflow-engine", "../../../dist/tensorflow-engine", "../tensorflow-engine"];

/** Folder of the TensorFlow engine, or where it is expected if it is not installed. */
function tensorFlowFolder(): string {
  const folders = candidateFolders.map((candidate) => join(import.meta.dirname, candidate));
  return folders.find((folder) => existsSync(folder)) ?? folders[0] ?? "";
}

/** Whether the engine is part of this installation. */
export function hasTensorFlow(): boolean {
  return existsSync(join(tensorFlowFolder(), addonPath));
}

const addonPath = "node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node";

/** A tensor in TensorFlow's memory. */
export interface TensorHandle {
  readonly id: number;
  readonly shape: readonly number[];
  /** A member of TensorFlow's `DataType`. */
  readonly dtype: number;
}

/** Tensor contents as the addon exchanges them: int64 goes in as pairs of 32-bit words and comes out as bigints. */
export type TensorContents = Float32Array | Int32Array | Uint8Array | BigInt64Array | readonly Uint8Array[];

/** The functions of the @tensorflow/tfjs-node-gpu addon that this engine calls (binding/tfjs_binding.cc). */
export interface Addon {
  readonly TF_Version: string;
  readonly isUsingGpuDevice: () => boolean;
  readonly createTensor: (shape: readonly number[], dtype: number, contents: TensorContents) => number;
  readonly tensorDataSync: (id: number) => TensorContents;
  readonly deleteTensor: (id: number) => void;
  /** Tags and names are joined by commas; names are those of graph tensors: `serve_x:0`. */
  readonly loadSavedModel: (folder: string, tags: string) => number;
  readonly runSavedModel: (
    model: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ) => readonly TensorHandle[];
  readonly deleteSavedModel: (model: number) => void;
}

let loaded: Addon | undefined;

/** Loads the addon, and with it TensorFlow, once per thread. Throws `TensorFlowMissing` or `TensorFlowUnloadable`. */
export function tensorFlowAddon(): Addon {
  if (loaded !== undefined) return loaded;
  const folder = tensorFlowFolder();
  if (!hasTensorFlow()) throw faults.TensorFlowMissing({ folder });
  try {
    loaded = createRequire(import.meta.url)(join(folder, addonPath)) as Addon; // what the package's C++ source exports
    return loaded;
  } catch (thrown) {
    const reason = errorText(thrown);
    throw faults.TensorFlowUnloadable({ reason }, thrown);
  }
}
