import type { Signature } from "../../../dataplane/signature.ts";
import type { Models, ProtocolRequest } from "../../protocol.ts";
import { faults } from "../faults.ts";
import { found } from "../lookup.ts";
import { requestDocument } from "../request.ts";
import { classifyBody, regressBody } from "../response.ts";
import type { PathModel } from "../routes.ts";
import { classificationOutputs, classifications } from "./classification.ts";
import type { ExampleRun } from "./example-run.ts";
import { jsonExamples } from "./json-examples.ts";
import { regressionOutputs, regressions } from "./regression.ts";

/** The body of the answer to a `:classify`. Rejects with a Fault. */
export async function classified(models: Models, model: PathModel, request: ProtocolRequest): Promise<string> {
  const { signature, run } = exampleRun(models, model, request);
  return classifyBody(await classifications(run, classificationOutputs(signature, run.signature)));
}

/** The body of the answer to a `:regress`. Rejects with a Fault. */
export async function regressed(models: Models, model: PathModel, request: ProtocolRequest): Promise<string> {
  const { signature, run } = exampleRun(models, model, request);
  return regressBody(await regressions(run, regressionOutputs(signature, run.signature)));
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
