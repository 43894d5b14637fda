import type { InferTarget } from "../../dataplane/infer.ts";
import { exampleSchemas } from "./example-paths.ts";
import { inferSchemas } from "./infer-path.ts";
import { type CallSchemas, predictSchemas } from "./predict-path.ts";
import { type Schema, objectSchema } from "./schemas.ts";

interface Api {
  readonly name: string;
  readonly version: string;
}

/** An OpenAPI 3.1 document of the inference requests of these models, with the names, types and shapes of their tensors. */
export function openApiDocument({ name, version }: Api, targets: readonly InferTarget[]): object {
  return {
    openapi: "3.1.0",
    info: { title: name, version },
    paths: Object.fromEntries(targets.flatMap(pathsOf)),
  };
}

function pathsOf(target: InferTarget): readonly (readonly [string, object])[] {
  const { name } = target;
  const model = encodeURIComponent(name);
  const serving = (verb: string, schemas: CallSchemas | undefined) =>
    schemas === undefined
      ? []
      : [[`/v1/models/${model}:${verb}`, { post: call(`${verb} ${name}`, "TensorFlow Serving", schemas) }] as const];
  return [
    ...serving("predict", predictSchemas(target)),
    ...serving("classify", exampleSchemas(target, "classify")),
    ...serving("regress", exampleSchemas(target, "regress")),
    [`/v2/models/${model}/infer`, { post: call(`infer ${name}`, "Open Inference Protocol", inferSchemas(target)) }],
  ];
}

const error: Schema = objectSchema({ error: { type: "string" } });

function call(operationId: string, tag: string, { request, response }: CallSchemas): object {
  return {
    operationId,
    tags: [tag],
    requestBody: { required: true, content: json(request) },
    responses: {
      200: { description: "the model's outputs", content: json(response) },
      400: { description: "the request is not valid; the error says where", content: json(error) },
      503: { description: "the model cannot answer now; try again after Retry-After seconds", content: json(error) },
    },
  };
}

function json(schema: Schema): object {
  return { "application/json": { schema } };
}
