import type { SignatureFacts, TensorFacts } from "../../../runtime/contract/model-facts.ts";
import { listOf, number, optional, recordOf, text, validationError } from "../validation.ts";

const tensors = listOf(recordOf({ name: text, dtype: text, shape: optional(listOf(number)) }));
const kinds = { signatures: listOf(recordOf({ name: text, inputs: tensors, outputs: tensors })) } as const;

/** The signatures in a runtime's response; undefined when there are none or, from another release, they do not follow the contract. */
export function decodedSignatures(signatures: unknown): readonly SignatureFacts[] | undefined {
  if (validationError({ signatures }, kinds) !== undefined) return undefined;
  const result = signatures as readonly SignatureFacts[]; // checked above
  return result.map(({ name, inputs, outputs }) => ({
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
