import type { Signature } from "../../../dataplane/signature.ts";
import { type ReadingOrder, bodyReader } from "../../json/large/body-reader.ts";
import type { Models, ProtocolRequest } from "../../protocol.ts";
import { faults } from "../faults.ts";
import { found } from "../lookup.ts";
import { classifyBody, regressBody } from "../response.ts";
import type { PathModel } from "../routes.ts";
import { classificationOutputs, classifications } from "./classification.ts";
import type { ExampleRun } from "./example-run.ts";
import { type ExamplesDocument, examplesDocument } from "./examples-document.ts";
import { regressionOutputs, regressions } from "./regression.ts";

/** The body of the answer to a `:classify`. Rejects with a Fault. */
export async function classified(models: Models, model: PathModel, request: ProtocolRequest): Promise<string> {
  const { signature, run } = await exampleRun(models, model, request);
  return classifyBody(await classifications(run, classificationOutputs(signature, run.signature)));
}

/** The body of the answer to a `:regress`. Rejects with a Fault. */
export async function regressed(models: Models, model: PathModel, request: ProtocolRequest): Promise<string> {
  const { signature, run } = await exampleRun(models, model, request);
  return regressBody(await regressions(run, regressionOutputs(signature, run.signature)));
}

const largeBodies = bodyReader<ReadingOrder, ExamplesDocument>("examples");

/** The signature and its examples, in TensorFlow Serving's order of checks: the body, the model, the signature. */
async function exampleRun(
  models: Models,
  model: PathModel,
  { body, signal, deadline }: ProtocolRequest,
): Promise<PreparedRun> {
  const { signature: name, inputs } = await (largeBodies.read({ body }, body.length) ?? examplesDocument(body));
  const target = found(models, model);
  const signature = target.signatures.get(name);
  if (signature === undefined) throw faults.SignatureNamed({ signature: name });
  const examples = inputs[0].tensor.data;
  return { signature, run: { target, signature: name, examples, terms: { deadline, signal } } };
}

interface PreparedRun {
  readonly signature: Signature;
  readonly run: ExampleRun;
}
