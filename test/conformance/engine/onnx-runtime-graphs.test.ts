import { onnxRuntime } from "../../../runtime/engines/onnxruntime/onnx-runtime.ts";
import { graphConformance } from "./graph-suite.ts";

const left = (reason: string): string => `the model does not run in ONNX Runtime: ${reason}`;
const noProducts = left("it has no products, which ONNX Runtime would make faster");

graphConformance("the OnnxRuntime engine", {
  load: (definition) => onnxRuntime({ threads: 1 }).load(definition),
  leaves: {
    half_plus_two: noProducts,
    half_plus_three: noProducts,
  },
});
