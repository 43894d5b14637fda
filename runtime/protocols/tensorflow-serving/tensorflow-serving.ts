import { Fault } from "../../base/fault.ts";
import { infer } from "../../dataplane/infer.ts";
import type { Signature } from "../../dataplane/signature.ts";
import type { Models, Protocol, ProtocolAnswer, ProtocolRequest } from "../protocol.ts";
import { rememberedRoutes } from "../remembered-routes.ts";
import { errorAnswer } from "./errors.ts";
import { classificationOutputs, classifications } from "./examples/classification.ts";
import type { ExampleRun } from "./examples/example-run.ts";
import { jsonExamples } from "./examples/json-examples.ts";
import { regressionOutputs, regressions } from "./examples/regression.ts";
import { faults } from "./faults.ts";
import { found } from "./lookup.ts";
import { metadataBody } from "./metadata.ts";
import { predictInputs, requestDocument } from "./request.ts";
import { classifyBody, predictBody, regressBody } from "./response.ts";
import { type PathModel, type Route, ownsTarget, referenceOf, routeOf as readRoute } from "./routes.ts";
import { statusBody } from "./status.ts";

const routeOf = rememberedRoutes(readRoute);

/** TensorFlow Serving's REST API, version 1. */
export function tensorflowServing(models: Models): Protocol {
  return {
    name: "tensorflow-serving",
    owns: ownsTarget,
    answer: async (request) => {
      try {
        return await answered(models, request);
      } catch (thrown) {
        return errorAnswer(Fault.from(thrown));
      }
    },
    overload: ({ method, target }) => {
      const route = method === "POST" ? inferenceRoute(target) : undefined;
      const fault = route === undefined ? undefined : models.find(referenceOf(route.model))?.refusal?.();
      return fault === undefined ? undefined : errorAnswer(fault);
    },
    refusal: errorAnswer,
  };
}

/** What a POST asks a model for; `undefined` when that is nothing it can be asked. */
function inferenceRoute(target: string): Route | undefined {
  try {
    return routeOf("POST", target);
  } catch {
    return undefined;
  }
}

async function answered(models: Models, request: ProtocolRequest): Promise<ProtocolAnswer> {
  if (request.method === "OPTIONS") return preflight(request);
  const route = routeOf(request.method, request.target);
  switch (route.kind) {
    case "status":
      return json(statusBody(models, route.model));
    case "metadata":
      return json(metadataBody(found(models, route.model)));
    case "predict":
      return json(await predicted(models, route.model, request));
    case "classify":
      return json(await classified(models, route.model, request));
    case "regress":
      return json(await regressed(models, route.model, request));
  }
}

async function predicted(models: Models, model: PathModel, request: ProtocolRequest): Promise<string> {
  // The order of the checks is part of the contract: body, model, signature, then the tensors.
  const document = requestDocument(request.body);
  const target = found(models, model);
  const signature = target.signatures.get(document.signature);
  if (signature === undefined) throw faults.SignatureUnknown({ signature: document.signature });
  const { format, inputs } = predictInputs(document.root, signature);
  const { signal, deadline } = request;
  const terms = { signature: document.signature, deadline, signal };
  const { outputs } = await infer(() => target, { model: referenceOf(model), inputs, ...terms });
  return predictBody(format, outputs);
}

/** The signature and its examples, in TensorFlow Serving's order of checks: the body, the model, the signature. */
function exampleRun(models: Models, model: PathModel, { body, signal, deadline }: ProtocolRequest): PreparedRun {
  const { root, signature: name } = requestDocument(body);
  const examples = jsonExamples(root);
  const target = found(models, model);
  const signature = target.signatures.get(name);
  if (signature === undefined) throw faults.SignatureNamed({ signature: name });
  return { signature, run: { target, signature: name, examples, terms: { deadline, signal } } };
}

interface PreparedRun {
  readonly signature: Signature;
  readonly run: ExampleRun;
}

async function classified(models: Models, model: PathModel, request: ProtocolRequest): Promise<string> {
  const { signature, run } = exampleRun(models, model, request);
  return classifyBody(await classifications(run, classificationOutputs(signature, run.signature)));
}

async function regressed(models: Models, model: PathModel, request: ProtocolRequest): Promise<string> {
  const { signature, run } = exampleRun(models, model, request);
  return regressBody(await regressions(run, regressionOutputs(signature, run.signature)));
}

function json(body: string): ProtocolAnswer {
  return { status: 200, headers: { "content-type": "application/json" }, body };
}

/** TensorFlow Serving answers any preflight that comes from a page. */
function preflight({ headers }: ProtocolRequest): ProtocolAnswer {
  if (headers.origin?.includes("http") === true) return json("");
  throw faults.OriginMissing({});
}
