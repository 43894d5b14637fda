import { tensorFlowJs } from "../../../runtime/engines/tfjs/tensor-flow-js.ts";
import { graphConformance } from "./graph-suite.ts";

graphConformance("the TensorFlow.js engine", {
  load: (definition) => tensorFlowJs.load(definition),
  withoutFusedMultiplyAdd: true,
});
