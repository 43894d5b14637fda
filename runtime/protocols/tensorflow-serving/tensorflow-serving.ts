import { Fault } from "../../base/fault.ts";
import { type InferTarget, infer } from "../../dataplane/infer.ts";
import type { Models, Protocol, ProtocolAnswer, ProtocolRequest } from "../protocol.ts";
import { errorAnswer } from "./errors.ts";
import { checkExamples } from "./examples.ts";
import { faults } from "./faults.ts";
import { metadataBody } from "./metadata.ts";
import { defaultSignature } from "../../dataplane/signature.ts";
import { type RequestDocument, predictInputs, requestDocument } from "./request.ts";
import { predictBody } from "./response.ts";
import { type PathModel, ownsTarget, referenceOf, routeOf } from "./routes.ts";
import { statusBody } from "./status.ts";

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
    refusal: errorAnswer,
  };
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
      return refuseExamples(models, route.model, request, "classification");
    case "regress":
      return refuseExamples(models, route.model, request, "regression");
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

/** No model that is served has such a signature: says so after the checks that TensorFlow Serving makes before. */
function refuseExamples(
  models: Models,
  model: PathModel,
  request: ProtocolRequest,
  kind: "classification" | "regression",
): never {
  const { root, signature }: RequestDocument = requestDocument(request.body);
  checkExamples(root);
  found(models, model);
  throw signature === defaultSignature
    ? faults.SignatureKind({ kind, signature })
    : faults.SignatureNamed({ signature });
}

/** The ready model that a path names, or TensorFlow Serving's refusal. */
function found(models: Models, model: PathModel): InferTarget {
  const { name, version, label } = model;
  if (label !== undefined && !models.hasLabel(name, label)) throw faults.LabelUnknown({ label });
  const target = models.find(referenceOf(model));
  if (target !== undefined) return target;
  throw version === undefined ? faults.ModelUnknown({ name }) : faults.VersionUnknown({ name, version });
}

function json(body: string): ProtocolAnswer {
  return { status: 200, headers: { "content-type": "application/json" }, body };
}

/** TensorFlow Serving answers any preflight that comes from a page. */
function preflight({ headers }: ProtocolRequest): ProtocolAnswer {
  if (headers.origin?.includes("http") === true) return json("");
  throw faults.OriginMissing({});
}
