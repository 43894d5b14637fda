import type { Signature } from "../../../dataplane/signature.ts";
import type { NamedTensor } from "../../../dataplane/tensor.ts";
import { dtypeNames } from "../tensors/dtypes.ts";
import { examplesInput } from "./example-run.ts";
import { faults } from "./faults.ts";

const output = "outputs";

/** Names of a regression signature's outputs. Throws TensorFlow Serving's fault for any other signature. */
export function regressionOutputs({ inputs, outputs }: Signature, name: string): readonly string[] {
  if (inputs.length !== 1) throw faults.InputNotOne({});
  if (outputs.length !== 1) throw faults.RegressOutputCount({});
  if (inputs[0]?.name !== examplesInput) throw faults.SignatureKind({ kind: "regression inputs", signature: name });
  if (outputs[0]?.name !== output) throw faults.SignatureKind({ kind: "regression outputs", signature: name });
  return [output];
}

/**
 * The value of each example, from the outputs of a regression signature. Throws when the outputs are no values of `expected`
 * examples.
 */
export function regressionValues(outputs: readonly NamedTensor[], expected: number): Float32Array {
  const tensor = outputs.find(({ name }) => name === output)?.tensor;
  const shape = tensor?.shape ?? [];
  const [rows = 0, width = 1] = shape;
  if (tensor === undefined || shape.length < 1 || shape.length > 2 || width !== 1) throw faults.RegressShape({ shape });
  if (rows !== expected) throw faults.RegressRows({ expected, rows });
  if (tensor.dtype !== "float32") throw faults.RegressDtype({ dtype: dtypeNames[tensor.dtype].proto });
  return tensor.data;
}
