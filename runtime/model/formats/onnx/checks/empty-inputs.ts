import type { ModelProto } from "../onnx-proto.ts";
import { allNodes } from "../graph-traversal.ts";

/** Operators that are known to accept inputs without elements. LSTM, GRU and RNN crash the process on them. */
const safeOperators: ReadonlySet<string> = new Set(
  [
    "Identity Cast Constant Reshape Flatten Transpose Squeeze Unsqueeze Concat Gemm MatMul Relu Sigmoid Tanh Clip Neg Abs",
    "Add Sub Mul Div Exp Log Sqrt Pow Min Max Not And Or Equal Less Greater Where LeakyRelu Elu Erf Softmax",
  ].flatMap((names) => names.split(" ")),
);

/** Whether requests without rows can run like any other. */
export function supportsEmptyInputs(model: ModelProto): boolean {
  for (const { node } of allNodes(model)) if (node.domain !== "" || !safeOperators.has(node.opType)) return false;
  return true;
}
