import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { LoadedModel } from "../../../runtime/engines/engine.ts";
import { onnxRuntime } from "../../../runtime/engines/onnxruntime/onnx-runtime.ts";
import { onnxRuntimeEnvironment } from "../../../runtime/engines/onnxruntime/environment.ts";
import { hasGpu } from "../../../runtime/engines/gpu.ts";
import { memorySource } from "../../../runtime/model/formats/byte-source.ts";
import { readArchive, readH5 } from "../../../runtime/model/formats/keras/keras-file.ts";
import { engineConformance } from "./suite.ts";

// Set before the engine is loaded, as in the program: it decides how a GPU rounds products.
Object.assign(process.env, { ...onnxRuntimeEnvironment(true), ...process.env });

/** Reads on this thread, as for TensorFlow.js. */
async function load(path: string): Promise<LoadedModel> {
  const file = { name: basename(path), source: memorySource(readFileSync(path)), maxWeightBytes: 2 ** 30 };
  return onnxRuntime({ threads: 1, wantsGpu: hasGpu(), maxBatchSize: 32 }).load(
    await (path.endsWith(".keras") ? readArchive(file) : readH5(file)),
  );
}

engineConformance(`OnnxRuntime on ${hasGpu() ? "a GPU" : "processors"}`, load, {
  withoutFusedMultiplyAdd: hasGpu(),
  refuses: {
    models_in_time: {
      code: "LayerNotExported",
      names: [
        'layer "time_distributed" (TimeDistributed) does not run in ONNX Runtime: a model inside is not exported',
      ],
    },
  },
});
