import type { Signature, TensorSpec } from "../../dataplane/signature.ts";
import type { InferTarget } from "../../dataplane/infer.ts";
import { dtypeNames } from "./tensors/dtypes.ts";

/**
 * The body of a metadata response, as TensorFlow Serving prints it: proto field names, 64-bit integers as strings, `signature_def`
 * twice.
 */
export function metadataBody({ name, version, signatures }: InferTarget): string {
  const served = Object.fromEntries([...signatures].map(([key, signature]) => [key, signatureDef(signature)]));
  return JSON.stringify(
    {
      model_spec: { name, signature_name: "", version: String(version) },
      metadata: { signature_def: { signature_def: served } },
    },
    undefined,
    1,
  );
}

function signatureDef({ inputs, outputs, method }: Signature): object {
  return {
    inputs: tensorInfos(inputs),
    outputs: tensorInfos(outputs),
    method_name: `tensorflow/serving/${method ?? "predict"}`,
    defaults: {},
  };
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
