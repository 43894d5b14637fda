import type { InferTarget } from "../../dataplane/infer.ts";
import { type Signature, type TensorSpec, defaultSignature } from "../../dataplane/signature.ts";
import { type Schema, nestedSchema, objectSchema, wireForms } from "./schemas.ts";

/** Request and answer of a call. */
export interface CallSchemas {
  readonly request: Schema;
  readonly answer: Schema;
}

const base64: Schema = objectSchema({ b64: { type: "string", contentEncoding: "base64" } });

/** TensorFlow Serving's `:predict`; `undefined` when its JSON can hold the tensors of no signature. */
export function predictSchemas({ signatures }: InferTarget): CallSchemas | undefined {
  const told = [...signatures].filter(([, signature]) => isTold(signature));
  if (told.length === 0) return undefined;
  const calls = told.map(([name, signature]) => {
    const named = signatureSchema(name, signatures.size);
    const optional = name === defaultSignature ? Object.keys(named) : [];
    const { inputs, outputs } = signature;
    return {
      requests: [
        objectSchema({ ...named, instances: nestedSchema(valueOf(inputs, row), [-1]) }, optional),
        objectSchema({ ...named, inputs: valueOf(inputs, whole) }, optional),
      ],
      answers: [
        objectSchema({ predictions: nestedSchema(valueOf(outputs, row), [-1]) }),
        objectSchema({ outputs: valueOf(outputs, whole) }),
      ],
    };
  });
  // Answers of several signatures may look alike.
  return {
    request: { oneOf: calls.flatMap(({ requests }) => requests) },
    answer: { [told.length > 1 ? "anyOf" : "oneOf"]: calls.flatMap(({ answers }) => answers) },
  };
}

/** How a request names a signature: not at all where there is but the default one. */
export function signatureSchema(name: string, count: number): Readonly<Record<string, Schema>> {
  return name === defaultSignature && count === 1 ? {} : { signature_name: { const: name } };
}

function isTold({ inputs, outputs }: Signature): boolean {
  return [...inputs, ...outputs].every(({ dtype }) => {
    const { element, onlyOpenInference } = wireForms[dtype];
    return element !== undefined && onlyOpenInference !== true;
  });
}

/** A single tensor stands alone; several stand by name. */
function valueOf(specs: readonly TensorSpec[], part: (spec: TensorSpec) => Schema): Schema {
  const [only] = specs;
  if (specs.length === 1 && only !== undefined) return part(only);
  return objectSchema(Object.fromEntries(specs.map((spec) => [spec.name, part(spec)])));
}

function row({ dtype, shape, anyShape }: TensorSpec): Schema {
  return anyShape === true ? {} : nestedSchema(elementOf(dtype), shape.slice(1));
}

function whole({ dtype, shape, anyShape }: TensorSpec): Schema {
  return anyShape === true ? {} : nestedSchema(elementOf(dtype), shape);
}

function elementOf(dtype: TensorSpec["dtype"]): Schema {
  const { element = {} } = wireForms[dtype];
  return dtype === "string" ? { oneOf: [element, base64] } : element;
}
