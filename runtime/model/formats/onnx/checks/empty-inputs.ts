import type { ModelProto } from "../onnx-proto.ts";
import { allNodes } from "./graph-traversal.ts";

/** Operators that have been seen to take inputs without elements. LSTM, GRU and RNN take the process along. */
const harmless: ReadonlySet<string> = new Set(
  [
    "Identity Cast Constant Reshape Flatten Transpose Squeeze Unsqueeze Concat Gemm MatMul Relu Sigmoid Tanh Clip Neg Abs",
    "Add Sub Mul Div Exp Log Sqrt Pow Min Max Not And Or Equal Less Greater Where LeakyRelu Elu Erf Softmax",
  ].flatMap((names) => names.split(" ")),
);

/** Whether a request without rows can be run like any other. */
export function takesEmptyInputs(model: ModelProto): boolean {
  for (const { node } of allNodes(model)) if (node.domain !== "" || !harmless.has(node.opType)) return false;
  return true;
}
