import type { InferTarget } from "../../dataplane/infer.ts";
import { defaultSignature } from "../../dataplane/signature.ts";
import { type CallSchemas, signatureSchema } from "./predict-path.ts";
import { type Schema, nestedSchema, objectSchema } from "./schemas.ts";

const number: Schema = { type: "number" };
const value: Schema = { type: ["number", "string", "boolean", "object"] };
/** Features by name, each one value or a list. A model's features are defined in its graph, so the signature cannot name them. */
const example: Schema = { type: "object", additionalProperties: { anyOf: [value, { type: "array", items: value }] } };

const results = {
  classify: nestedSchema(
    { type: "array", prefixItems: [{ type: "string" }, number], minItems: 2, maxItems: 2 },
    [-1, -1],
  ),
  regress: nestedSchema(number, [-1]),
} as const;

/** Schemas of TensorFlow Serving's `:classify` or `:regress`; `undefined` when the model has no such signature. */
export function exampleSchemas({ signatures }: InferTarget, method: keyof typeof results): CallSchemas | undefined {
  const names = [...signatures].flatMap(([name, signature]) => (signature.method === method ? [name] : []));
  if (names.length === 0) return undefined;
  const requests = names.map((name) => {
    const named = signatureSchema(name, signatures.size);
    const optional = ["context", ...(name === defaultSignature ? Object.keys(named) : [])];
    const examples: Schema = { type: "array", items: example, minItems: 1 };
    return objectSchema({ ...named, context: example, examples }, optional);
  });
  return { request: { oneOf: requests }, response: objectSchema({ results: results[method] }) };
}
