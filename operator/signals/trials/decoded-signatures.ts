import type { SignatureFacts, TensorFacts } from "../../../runtime/contract/model-facts.ts";
import { type Members, membersOf } from "../members.ts";

/** More than any model has: what a pod tells is bounded in bytes, and in what is made of it. */
const most = 4_096;

/** The signatures that a runtime tells; undefined when it tells none, or other things than the contract says. */
export function decodedSignatures(value: unknown): readonly SignatureFacts[] | undefined {
  if (value === undefined) return undefined;
  try {
    return membersOf({ signatures: value }).objects("signatures", most, (one) => ({
      name: one.text("name"),
      inputs: one.objects("inputs", most, decodedTensor),
      outputs: one.objects("outputs", most, decodedTensor),
    }));
  } catch {
    // Of another release: what is told besides is good all the same.
    return undefined;
  }
}

function decodedTensor(tensor: Members): TensorFacts {
  return {
    name: tensor.text("name"),
    dtype: tensor.text("dtype"),
    ...(tensor.has("shape") ? { shape: tensor.list("shape", most).map(Number) } : {}),
    ...(tensor.has("isOptional") ? { isOptional: true } : {}),
  };
}
