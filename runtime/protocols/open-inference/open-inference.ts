import { Fault } from "../../base/fault.ts";
import { type InferAnswer, type InferTarget, type ModelReference, infer, signatureOf } from "../../dataplane/infer.ts";
import { parseWholeJson } from "../json/parse-json.ts";
import {
  type Models,
  type Protocol,
  type ProtocolAnswer,
  type ProtocolRequest,
  jsonAnswer,
  loadingHeaders,
  loadingState,
  rememberedRoutes,
  repeatedRefusals,
} from "../protocol.ts";
import { bodyReader } from "../json/large/body-reader.ts";
import { bodyWriter } from "../json/large/body-writer.ts";
import { errorAnswer } from "./errors.ts";
import { fieldsOf, flagAt, parametersOf } from "./fields.ts";
import { configBody, modelConfig } from "./models/config.ts";
import { checkKnown, found, isReady } from "./models/lookup.ts";
import { type ServerIdentity, modelMetadata, serverMetadata } from "./models/metadata.ts";
import { changeRepository, repositoryIndex } from "./models/repository.ts";
import { modelStatistics, statisticsBody } from "./models/statistics.ts";
import { type WantedOutput, refuseForeign } from "./outputs.ts";
import { type InferDocument, type InferOrder, inferDocument } from "./request.ts";
import { type InferAnswerOrder, inferAnswer } from "./response.ts";
import { type InferRoute, type ModelRoute, type Route, ownsTarget, routeOf as readRoute } from "./routes.ts";

const routeOf = rememberedRoutes(readRoute);
const overloadAnswer = repeatedRefusals(errorAnswer);
const largeBodies = bodyReader<InferOrder, InferDocument>("read infer");
const largeAnswers = bodyWriter<InferAnswerOrder, ProtocolAnswer>("write infer");

/** The Open Inference Protocol (version 2) over HTTP, with binary tensor data and the model repository. */
export function openInference(models: Models, server: ServerIdentity): Protocol {
  return {
    name: "open-inference",
    owns: ownsTarget,
    answer: async (request) => {
      try {
        const route = routeOf(request.method, request.target);
        if (route.kind !== "infer") return await otherAnswer({ models, server }, route, request);
        const { document, target } = inferred(models, route.model, request);
        const read = document instanceof Promise ? await document : document;
        const { outputs, ...answer } = await startedInfer(target(), read, request);
        const order = { ...answer, id: read.id, wanted: read.outputs };
        const toWrite = outputs.filter((_, i) => !isCopied(read.outputs[i]));
        return await (largeAnswers.write(order, outputs, toWrite) ?? inferAnswer(order, outputs));
      } catch (thrown) {
        return errorAnswer(Fault.from(thrown));
      }
    },
    overload: ({ method, target }) => {
      const model = method === "POST" ? inferredModel(target) : undefined;
      const fault = model === undefined ? undefined : models.find(model)?.refusal?.();
      return fault === undefined ? undefined : overloadAnswer(fault);
    },
    refusal: errorAnswer,
  };
}

/** Whether an output goes out as it is. */
function isCopied(wanted: WantedOutput | undefined): boolean {
  return wanted?.binary === true && wanted.classes === undefined;
}

/** The model that a POST to this target shall run; `undefined` when it asks for something else. */
function inferredModel(target: string): ModelReference | undefined {
  try {
    const route = routeOf("POST", target);
    return route.kind === "infer" ? route.model : undefined;
  } catch {
    return undefined;
  }
}

interface Parts {
  readonly models: Models;
  readonly server: ServerIdentity;
}

/** The answer to anything but an inference. */
async function otherAnswer(
  parts: Parts,
  route: Exclude<Route, InferRoute>,
  request: ProtocolRequest,
): Promise<ProtocolAnswer> {
  if ("model" in route) return modelAnswer(parts, route);
  const { models, server } = parts;
  switch (route.kind) {
    case "server":
      return jsonAnswer(200, serverMetadata(server));
    case "live":
      return jsonAnswer(200, { live: true });
    case "ready":
      return readiness({}, models.isReady());
    case "models":
      return jsonAnswer(200, { models: models.names() });
    case "allStats":
      return jsonAnswer(200, statisticsBody(modelStatistics(models, { name: "" })));
    case "index":
      return jsonAnswer(200, repositoryIndex(models, asksForReady(request.body)));
    case "load":
    case "unload":
      return changed(models, route, request.body);
  }
}

function modelAnswer({ models, server }: Parts, { kind, model }: ModelRoute): ProtocolAnswer {
  switch (kind) {
    case "modelReady":
      return modelReadiness(models, model);
    case "metadata":
      return jsonAnswer(200, modelMetadata(models, found(models, model), server.name));
    case "config":
      return jsonAnswer(200, configBody(modelConfig(found(models, model), server)));
    case "stats":
      return jsonAnswer(200, statisticsBody(modelStatistics(models, model)));
  }
}

interface Inferred {
  readonly document: InferDocument | Promise<InferDocument>;
  /** The model, once the document is there; another version may have taken its place meanwhile. Throws when there is none. */
  readonly target: () => InferTarget;
}

function inferred(models: Models, model: ModelReference, { body, headers }: ProtocolRequest): Inferred {
  const target = found(models, model);
  const signature = signatureOf(target);
  const headerLength = headers["inference-header-content-length"]?.toString();
  const aside = largeBodies.read({ body, headerLength, signature }, Number(headerLength ?? body.length));
  if (aside !== undefined) return { document: aside, target: () => found(models, model) };
  return { document: inferDocument(body, headerLength, signature), target: () => target };
}

function startedInfer(
  target: InferTarget,
  { inputs, outputs }: InferDocument,
  { signal, deadline }: ProtocolRequest,
): Promise<InferAnswer> {
  const names = outputs.map(({ name }) => name);
  return infer(() => target, { model: target, inputs, outputs: names, deadline, signal });
}

function asksForReady(body: Buffer): boolean {
  return body.length > 0 && flagAt(fieldsOf(parseWholeJson(body), ""), "ready") === true;
}

/** KServe's client reads the body, Triton's the status. */
async function changed(
  models: Models,
  { kind, name }: { readonly kind: "load" | "unload"; readonly name: string },
  body: Buffer,
): Promise<ProtocolAnswer> {
  if (models.control !== undefined && body.length > 0) {
    refuseForeign(parametersOf(fieldsOf(parseWholeJson(body), "")), { config: "model configuration" });
  }
  await changeRepository(models, kind, name);
  return jsonAnswer(200, { name, [kind]: true });
}

/** A model on its way is not ready here; it may be elsewhere, and gateways are told. */
function modelReadiness(models: Models, model: ModelReference): ProtocolAnswer {
  const isLoading = !isReady(models, model) && loadingState(models, model) !== undefined;
  if (!isLoading) checkKnown(models, model);
  const answer = readiness({ name: model.name }, !isLoading && isReady(models, model));
  return isLoading ? { ...answer, headers: { ...answer.headers, ...loadingHeaders } } : answer;
}

/** KServe's client reads the body, Triton's the status. */
function readiness(body: object, ready: boolean): ProtocolAnswer {
  return jsonAnswer(ready ? 200 : 503, { ...body, ready });
}
