import { Fault } from "../../base/fault.ts";
import { type InferTarget, type ModelReference, infer, signatureOf } from "../../dataplane/infer.ts";
import { type Models, type Protocol, type ProtocolAnswer, type ProtocolRequest, jsonAnswer } from "../protocol.ts";
import { errorAnswer } from "./errors.ts";
import { faults } from "./faults.ts";
import { type ServerIdentity, modelMetadata, serverMetadata } from "./metadata.ts";
import { repositoryIndex } from "./repository.ts";
import { inferDocument } from "./request.ts";
import { inferAnswer } from "./response.ts";
import { ownsTarget, routeOf } from "./routes.ts";

/** The Open Inference Protocol (version 2) over HTTP, with binary tensor data and the index of the model repository. */
export function openInference(models: Models, server: ServerIdentity): Protocol {
  return {
    name: "open-inference",
    owns: ownsTarget,
    answer: async (request) => {
      try {
        return await answered({ models, server }, request);
      } catch (thrown) {
        return errorAnswer(Fault.from(thrown));
      }
    },
    refusal: errorAnswer,
  };
}

interface Parts {
  readonly models: Models;
  readonly server: ServerIdentity;
}

async function answered({ models, server }: Parts, request: ProtocolRequest): Promise<ProtocolAnswer> {
  const route = routeOf(request.method, request.target);
  switch (route.kind) {
    case "server":
      return jsonAnswer(200, serverMetadata(server));
    case "live":
      return jsonAnswer(200, { live: true });
    case "ready":
      return readiness({}, models.isReady());
    case "models":
      return jsonAnswer(200, { models: models.names() });
    case "modelReady":
      checkKnown(models, route.model);
      return readiness({ name: route.model.name }, isReady(models, route.model));
    case "metadata":
      return jsonAnswer(200, modelMetadata(models, found(models, route.model), server.name));
    case "infer":
      return inferred(found(models, route.model), route.model, request);
    case "index":
      return jsonAnswer(200, repositoryIndex(models, request.body));
    case "load":
    case "unload":
      throw faults.RepositoryReadOnly({ change: route.kind, name: route.name });
  }
}

async function inferred(target: InferTarget, model: ModelReference, request: ProtocolRequest): Promise<ProtocolAnswer> {
  const headerLength = request.headers["inference-header-content-length"];
  const { id, inputs, outputs } = inferDocument(request.body, headerLength, signatureOf(target));
  const { signal, deadline } = request;
  const names = outputs.map(({ name }) => name);
  const answer = await infer(() => target, { model, inputs, outputs: names, deadline, signal });
  return inferAnswer(answer, id, outputs);
}

function isReady(models: Models, { name, version }: ModelReference): boolean {
  return models
    .versions(name)
    .some((report) => report.state === "Ready" && (version === undefined || report.version === version));
}

/** Throws `ModelNotServed` or `VersionNotServed`. */
function checkKnown(models: Models, { name, version }: ModelReference): void {
  const known = models.versions(name).map((report) => report.version);
  if (known.length === 0) throw faults.ModelNotServed({ name });
  if (version !== undefined && !known.includes(version)) {
    throw faults.VersionNotServed({ name, version: String(version), known });
  }
}

/** The ready model that is meant, or why there is none. */
function found(models: Models, reference: ModelReference): InferTarget {
  const target = models.find(reference);
  if (target !== undefined) return target;
  checkKnown(models, reference);
  const { name, version } = reference;
  const report = models.versions(name).findLast((report) => version === undefined || report.version === version);
  throw faults.ModelNotReady({ name, state: report?.state ?? "Unloaded", reason: report?.fault?.message });
}

/** KServe's client reads the body, Triton's the status. */
function readiness(body: object, ready: boolean): ProtocolAnswer {
  return jsonAnswer(ready ? 200 : 503, { ...body, ready });
}
