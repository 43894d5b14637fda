import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { LoadedModel } from "../../../runtime/engines/engine.ts";
import { tensorFlowJs } from "../../../runtime/engines/tfjs/tensor-flow-js.ts";
import { memorySource } from "../../../runtime/model/formats/byte-source.ts";
import { readArchive, readH5 } from "../../../runtime/model/formats/keras/keras-file.ts";
import { engineConformance } from "./suite.ts";

/** Reads on this thread: a thread for each of 280 files would take minutes. loadModel has its own tests. */
async function load(path: string): Promise<LoadedModel> {
  const file = { name: basename(path), source: memorySource(readFileSync(path)), maxWeightBytes: 2 ** 30 };
  return tensorFlowJs.load(await (path.endsWith(".keras") ? readArchive(file) : readH5(file)));
}

// WebAssembly has no fused multiply-add: -inf + 2 * 3e38 is NaN there, and -inf in Keras.
engineConformance("TensorFlowJs", load, {
  withoutFusedMultiplyAdd: true,
  refuses: {
    refused_grouped_conv: {
      code: "LayersNotInTensorFlowJs",
      names: ['TensorFlow.js does not run layer "conv2d" (Conv2D): groups=2 is not supported'],
    },
    refused_unknown: {
      code: "LayersNotInTensorFlowJs",
      names: ['TensorFlow.js does not run layer "unit" (UnitNormalization); layer "group" (GroupNormalization)'],
    },
  },
  refusesFurther: "LayersNotInTensorFlowJs",
});
