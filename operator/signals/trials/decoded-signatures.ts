import type { SignatureFacts, TensorFacts } from "../../../runtime/contract/model-facts.ts";
import { listOf, number, optional, recordOf, text, wrongMember } from "../wrong-member.ts";

const tensors = listOf(recordOf({ name: text, dtype: text, shape: optional(listOf(number)) }));
const kinds = { signatures: listOf(recordOf({ name: text, inputs: tensors, outputs: tensors })) } as const;

/** The signatures that a runtime tells; undefined when it tells none, or, being of another release, other things than the contract says. */
export function decodedSignatures(signatures: unknown): readonly SignatureFacts[] | undefined {
  if (wrongMember({ signatures }, kinds) !== undefined) return undefined;
  const told = signatures as readonly SignatureFacts[]; // checked above
  return told.map(({ name, inputs, outputs }) => ({
    name,
    inputs: inputs.map(decodedTensor),
    outputs: outputs.map(decodedTensor),
  }));
}

function decodedTensor({ name, dtype, shape, isOptional }: TensorFacts): TensorFacts {
  return {
    name,
    dtype,
    ...(shape === undefined ? {} : { shape }),
    ...(isOptional === undefined ? {} : { isOptional: true }),
  };
}
