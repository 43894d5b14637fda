import type { Signature, TensorSpec } from "../dataplane/signature.ts";

/** A signature in one line, as the status shows it: `keras_tensor: float32[-1,64] → dense_2: float32[-1,10]`. */
export function signatureText({ inputs, outputs }: Signature): string {
  return `${inputs.map(specText).join(", ")} → ${outputs.map(specText).join(", ")}`;
}

function specText({ name, dtype, shape, anyShape }: TensorSpec): string {
  return `${name}: ${dtype}[${anyShape === true ? "…" : shape.join(",")}]`;
}
