import { Fault } from "../../base/fault.ts";
import { type InferAnswer, infer } from "../../dataplane/infer.ts";
import type { Signature } from "../../dataplane/signature.ts";
import {
  type Models,
  type Protocol,
  type ProtocolAnswer,
  type ProtocolRequest,
  rememberedRoutes,
  repeatedRefusals,
} from "../protocol.ts";
import { errorAnswer } from "./errors.ts";
import { classificationOutputs, classifications } from "./examples/classification.ts";
import type { ExampleRun } from "./examples/example-run.ts";
import { jsonExamples } from "./examples/json-examples.ts";
import { regressionOutputs, regressions } from "./examples/regression.ts";
import { faults } from "./faults.ts";
import { found } from "./lookup.ts";
import { metadataBody } from "./metadata.ts";
import { type PredictFormat, predictInputs, requestDocument } from "./request.ts";
import { classifyBody, predictBody, regressBody } from "./response.ts";
import { type PathModel, type Route, ownsTarget, referenceOf, routeOf as readRoute } from "./routes.ts";
import { statusBody } from "./status.ts";

const routeOf = rememberedRoutes(readRoute);
const overloadAnswer = repeatedRefusals(errorAnswer);

/** TensorFlow Serving's REST API, version 1. */
export function tensorflowServing(models: Models): Protocol {
  return {
    name: "tensorflow-serving",
    owns: ownsTarget,
    answer: async (request) => {
      try {
        if (request.method === "OPTIONS") return preflight(request);
        const { kind, model } = routeOf(request.method, request.target);
        if (kind !== "predict") return json(await otherBody(models, { kind, model }, request));
        const { format, answer } = startedPredict(models, model, request);
        return json(predictBody(format, (await answer).outputs));
      } catch (thrown) {
        return errorAnswer(Fault.from(thrown));
      }
    },
    overload: ({ method, target }) => {
      const route = method === "POST" ? inferenceRoute(target) : undefined;
      const fault = route === undefined ? undefined : models.find(referenceOf(route.model))?.refusal?.();
      return fault === undefined ? undefined : overloadAnswer(fault);
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

/** The body of the answer to anything but a prediction. */
async function otherBody(models: Models, { kind, model }: OtherRoute, request: ProtocolRequest): Promise<string> {
  switch (kind) {
    case "status":
      return statusBody(models, model);
    case "metadata":
      return metadataBody(found(models, model));
    case "classify":
      return await classified(models, model, request);
    case "regress":
      return await regressed(models, model, request);
  }
}

interface OtherRoute {
  readonly kind: Exclude<Route["kind"], "predict">;
  readonly model: PathModel;
}

interface StartedPredict {
  readonly format: PredictFormat;
  readonly answer: Promise<InferAnswer>;
}

function startedPredict(models: Models, model: PathModel, request: ProtocolRequest): StartedPredict {
  // The order of the checks is part of the contract: body, model, signature, then the tensors.
  const document = requestDocument(request.body);
  const target = found(models, model);
  const signature = target.signatures.get(document.signature);
  if (signature === undefined) throw faults.SignatureUnknown({ signature: document.signature });
  const { format, inputs } = predictInputs(document.root, signature);
  const { signal, deadline } = request;
  const asked = { model: target, signature: document.signature, inputs, deadline, signal };
  return { format, answer: infer(() => target, asked) };
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
