import { type InferTarget, signatureOf } from "../../dataplane/infer.ts";
import type { TensorSpec } from "../../dataplane/signature.ts";
import { type Schema, nestedSchema, objectSchema, wireForms } from "./schemas.ts";

/** Request and answer of a call. */
export interface CallSchemas {
  readonly request: Schema;
  readonly answer: Schema;
}

const base64: Schema = objectSchema({ b64: { type: "string", contentEncoding: "base64" } });

/** TensorFlow Serving's `:predict`; `undefined` when its JSON cannot hold one of the tensors. */
export function predictSchemas(target: InferTarget): CallSchemas | undefined {
  const { inputs, outputs } = signatureOf(target);
  const isTold = [...inputs, ...outputs].every(({ dtype }) => {
    const { element, onlyOpenInference } = wireForms[dtype];
    return element !== undefined && onlyOpenInference !== true;
  });
  if (!isTold) return undefined;
  const rows = objectSchema({ instances: nestedSchema(valueOf(inputs, row), [-1]) });
  const columns = objectSchema({ inputs: valueOf(inputs, whole) });
  return {
    request: { oneOf: [rows, columns] },
    answer: {
      oneOf: [
        objectSchema({ predictions: nestedSchema(valueOf(outputs, row), [-1]) }),
        objectSchema({ outputs: valueOf(outputs, whole) }),
      ],
    },
  };
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
