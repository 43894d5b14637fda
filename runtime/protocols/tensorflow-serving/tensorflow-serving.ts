import { Fault } from "../../base/fault.ts";
import { type InferAnswer, infer } from "../../dataplane/infer.ts";
import {
  type Models,
  type Protocol,
  type ProtocolAnswer,
  type ProtocolRequest,
  rememberedRoutes,
  repeatedRefusals,
} from "../protocol.ts";
import { errorAnswer } from "./errors.ts";
import { faults } from "./faults.ts";
import { found } from "./lookup.ts";
import { metadataBody } from "./metadata.ts";
import { type PredictFormat, predictInputs, requestDocument } from "./request.ts";
import { predictBody } from "./response.ts";
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

/** Few ask for these: what answers them is loaded with the first who does. */
const examples = () => import("./examples/example-requests.ts");

/** The body of the answer to anything but a prediction. */
async function otherBody(models: Models, { kind, model }: OtherRoute, request: ProtocolRequest): Promise<string> {
  switch (kind) {
    case "status":
      return statusBody(models, model);
    case "metadata":
      return metadataBody(found(models, model));
    case "classify":
      return await (await examples()).classified(models, model, request);
    case "regress":
      return await (await examples()).regressed(models, model, request);
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

function json(body: string): ProtocolAnswer {
  return { status: 200, headers: { "content-type": "application/json" }, body };
}

/** TensorFlow Serving answers any preflight that comes from a page. */
function preflight({ headers }: ProtocolRequest): ProtocolAnswer {
  if (headers.origin?.includes("http") === true) return json("");
  throw faults.OriginMissing({});
}
