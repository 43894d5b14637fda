import { Fault } from "../../base/fault.ts";
import { type InferAnswer, type InferTarget, infer } from "../../dataplane/infer.ts";
import {
  type Models,
  type Protocol,
  type ProtocolAnswer,
  type ProtocolRequest,
  rememberedRoutes,
  repeatedRefusals,
} from "../protocol.ts";
import { bodyReader } from "../json/large/body-reader.ts";
import { type WrittenAnswer, bodyWriter } from "../json/large/body-writer.ts";
import { errorAnswer } from "./errors.ts";
import { faults } from "./faults.ts";
import { found } from "./lookup.ts";
import { metadataBody } from "./metadata.ts";
import { type PredictDocument, type PredictFormat, type PredictOrder, predictDocument } from "./request.ts";
import { type PredictAnswerOrder, predictBody } from "./response.ts";
import { type PathModel, type Route, ownsTarget, referenceOf, routeOf as readRoute } from "./routes.ts";
import { statusBody } from "./status.ts";

const routeOf = rememberedRoutes(readRoute);
const overloadAnswer = repeatedRefusals(errorAnswer);
const largeAnswers = bodyWriter<PredictAnswerOrder, WrittenAnswer>("write predict");
const largeBodies = bodyReader<PredictOrder, PredictDocument>("read predict");

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
        const { document, target } = predicted(models, model, request.body);
        const read = document instanceof Promise ? await document : document;
        const { format, answer } = startedPredict(target(), read, request);
        const { outputs } = await answer;
        const aside = largeAnswers.write({ format }, outputs);
        return json(aside === undefined ? predictBody(format, outputs) : (await aside).body);
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
async function otherBody(
  models: Models,
  { kind, model }: OtherRoute,
  request: ProtocolRequest,
): Promise<ProtocolAnswer["body"]> {
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

interface Predicted {
  readonly document: PredictDocument | Promise<PredictDocument>;
  /** The model, once the document is there; another version may have taken its place meanwhile. Throws when there is none. */
  readonly target: () => InferTarget;
}

/** The order of the checks is part of the contract: body, model, signature, then the tensors. */
function predicted(models: Models, model: PathModel, body: Buffer): Predicted {
  const target = models.find(referenceOf(model));
  const signatures = target?.signatures;
  const aside = largeBodies.read({ body, signatures }, body.length);
  if (aside !== undefined) return { document: aside, target: () => found(models, model) };
  return { document: predictDocument(body, signatures), target: () => target ?? found(models, model) };
}

function startedPredict(
  target: InferTarget,
  { signature, format, inputs }: PredictDocument,
  { signal, deadline }: ProtocolRequest,
): StartedPredict {
  if (format === undefined || inputs === undefined) throw faults.SignatureUnknown({ signature });
  return { format, answer: infer(() => target, { model: target, signature, inputs, deadline, signal }) };
}

function json(body: ProtocolAnswer["body"]): ProtocolAnswer {
  return { status: 200, headers: { "content-type": "application/json" }, body };
}

/** TensorFlow Serving answers any preflight that comes from a page. */
function preflight({ headers }: ProtocolRequest): ProtocolAnswer {
  if (headers.origin?.includes("http") === true) return json("");
  throw faults.OriginMissing({});
}
