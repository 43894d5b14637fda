import type { InferTarget } from "../../dataplane/infer.ts";
import { dtypeNames } from "./tensors/dtypes.ts";
import { defaultSignature } from "./request.ts";

type TensorSpec = InferTarget["signature"]["inputs"][number];

/** The body of a metadata answer: proto field names, 64-bit numbers as text, `signature_def` twice, all as there. */
export function metadataBody({ name, version, signature }: InferTarget): string {
  const served = {
    inputs: tensorInfos(signature.inputs),
    outputs: tensorInfos(signature.outputs),
    method_name: "tensorflow/serving/predict",
    defaults: {},
  };
  return JSON.stringify(
    {
      model_spec: { name, signature_name: "", version: String(version) },
      metadata: { signature_def: { signature_def: { [defaultSignature]: served } } },
    },
    undefined,
    1,
  );
}

function tensorInfos(specs: readonly TensorSpec[]): object {
  return Object.fromEntries(specs.map((spec) => [spec.name, tensorInfo(spec)]));
}

function tensorInfo({ name, dtype, shape, anyShape }: TensorSpec): object {
  return {
    dtype: dtypeNames[dtype].proto,
    tensor_shape: { dim: shape.map((size) => ({ size: String(size), name: "" })), unknown_rank: anyShape === true },
    name: `${name}:0`,
  };
}
