import { createRequire } from "node:module";
import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";
import { guardAllocations } from "./wasm-allocation-guard.ts";
import { registerCustomObjects } from "./custom-objects.ts";

/** TensorFlow.js with the best backend of this machine. */
export interface TensorFlow {
  readonly tf: typeof Core;
  readonly tfl: typeof Layers;
  /** `wasm`, or `cpu` without WebAssembly. */
  readonly backend: string;
}

/** The packages' CommonJS builds: one file each, and both share the same core. */
const require = createRequire(import.meta.url);
let loading: Promise<TensorFlow> | undefined;

/** Loads TensorFlow.js once per process. */
export function tensorFlow(): Promise<TensorFlow> {
  loading ??= load();
  return loading;
}

async function load(): Promise<TensorFlow> {
  const tf = require("@tensorflow/tfjs-core") as typeof Core; // the package's own types
  tf.enableProdMode();
  const tfl = require("@tensorflow/tfjs-layers") as typeof Layers; // the package's own types
  const backend = await startBackend(tf);
  registerCustomObjects(tf, tfl);
  return { tf, tfl, backend };
}

async function startBackend(tf: typeof Core): Promise<string> {
  require("@tensorflow/tfjs-backend-wasm");
  const hasWasm = await tf.setBackend("wasm").catch(() => false);
  if (hasWasm) {
    guardAllocations(tf.backend());
    return "wasm";
  }
  require("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  return "cpu";
}

/** Kernels of the wasm backend with wrong results: checked against the definition, with strides above 1. */
const wrongKernels: readonly string[] = ["Conv3DBackpropInputV2"];
let hasFallback = false;

/**
 * Registers the cpu backend's kernels for those that the wasm backend lacks or gets wrong: values are copied there and
 * back. Returns whether any kernel was added.
 */
export function addFallbackKernels({ tf, backend }: TensorFlow): boolean {
  if (hasFallback || backend !== "wasm") return false;
  hasFallback = true;
  require("@tensorflow/tfjs-backend-cpu");
  for (const kernelName of wrongKernels) tf.unregisterKernel(kernelName, "wasm");
  const known = new Set(tf.getKernelsForBackend("wasm").map(({ kernelName }) => kernelName));
  const missing = tf.getKernelsForBackend("cpu").filter(({ kernelName }) => !known.has(kernelName));
  for (const kernel of missing) tf.registerKernel(fallbackKernel(tf, kernel));
  return missing.length > 0;
}

function fallbackKernel(tf: typeof Core, kernel: Core.KernelConfig): Core.KernelConfig {
  const { kernelName, kernelFunc } = kernel;
  return {
    kernelName,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const [cpu, wasm] = ["cpu", "wasm"].map((name) => tf.engine().findBackend(name) as CopyingBackend); // both backends have these methods
      if (cpu === undefined || wasm === undefined) throw new Error(`no backend for ${kernelName}`);
      const copied = Object.entries(inputs).flatMap(([name, info]) =>
        info === undefined ? [] : [[name, copiedInfo(info, wasm, cpu)] as const],
      );
      const call = { inputs: Object.fromEntries(copied), backend: cpu, ...(attrs === undefined ? {} : { attrs }) };
      const outputs = kernelFunc(call);
      return Array.isArray(outputs)
        ? outputs.map((info) => copiedInfo(info, cpu, wasm))
        : copiedInfo(outputs, cpu, wasm);
    },
  };
}

interface CopyingBackend {
  readSync(dataId: object): Core.BackendValues;
  write(values: Core.BackendValues, shape: number[], dtype: Core.DataType): object;
}

function copiedInfo(info: Core.TensorInfo, from: CopyingBackend, to: CopyingBackend): Core.TensorInfo {
  const { shape, dtype } = info;
  return { dataId: to.write(from.readSync(info.dataId), shape, dtype), shape, dtype };
}
