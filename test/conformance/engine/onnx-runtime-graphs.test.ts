import { onnxRuntime } from "../../../runtime/engines/onnxruntime/onnx-runtime.ts";
import { onnxRuntimeEnvironment } from "../../../runtime/engines/onnxruntime/environment.ts";
import { hasGpu } from "../../../runtime/engines/gpu.ts";
import { graphConformance } from "./graph-suite.ts";

// Set before the engine is loaded, as in the program: it decides how a GPU rounds products.
Object.assign(process.env, { ...onnxRuntimeEnvironment(true), ...process.env });

const left = (reason: string): string => `the model does not run in ONNX Runtime: ${reason}`;
const noProducts = left("it has no products, which ONNX Runtime would make faster");

graphConformance("the OnnxRuntime engine", {
  load: (definition) => onnxRuntime({ threads: 1, wantsGpu: hasGpu(), maxBatchSize: 32 }).load(definition),
  withoutFusedMultiplyAdd: hasGpu(),
  leaves: {
    half_plus_two: noProducts,
    half_plus_three: noProducts,
  },
});
