import type { Signature } from "../../../dataplane/signature.ts";
import { type ReadingOrder, bodyReader } from "../../json/large/body-reader.ts";
import { type WrittenAnswer, bodyWriter } from "../../json/large/body-writer.ts";
import type { Models, ProtocolAnswer, ProtocolRequest } from "../../protocol.ts";
import { faults } from "../faults.ts";
import { found } from "../lookup.ts";
import { type ExampleAnswerOrder, classifyBody, regressBody } from "../response.ts";
import type { PathModel } from "../routes.ts";
import { classRows, classificationOutputs } from "./classification.ts";
import { type ExampleRun, runExamples } from "./example-run.ts";
import { type ExamplesDocument, examplesDocument } from "./examples-document.ts";
import { regressionOutputs, regressionValues } from "./regression.ts";

const largeClassifications = bodyWriter<ExampleAnswerOrder, WrittenAnswer>("write classify");
const largeRegressions = bodyWriter<ExampleAnswerOrder, WrittenAnswer>("write regress");

/** The body of the answer to a `:classify`. Rejects with a Fault. */
export async function classified(models: Models, model: PathModel, request: ProtocolRequest): Promise<Body> {
  const { signature, run } = await exampleRun(models, model, request);
  const outputs = await runExamples(run, classificationOutputs(signature, run.signature));
  const rows = run.examples.length;
  const aside = largeClassifications.write({ rows }, outputs);
  return aside === undefined ? classifyBody(classRows(outputs, rows)) : (await aside).body;
}

/** The body of the answer to a `:regress`. Rejects with a Fault. */
export async function regressed(models: Models, model: PathModel, request: ProtocolRequest): Promise<Body> {
  const { signature, run } = await exampleRun(models, model, request);
  const outputs = await runExamples(run, regressionOutputs(signature, run.signature));
  const rows = run.examples.length;
  const aside = largeRegressions.write({ rows }, outputs);
  return aside === undefined ? regressBody(regressionValues(outputs, rows)) : (await aside).body;
}

type Body = ProtocolAnswer["body"];

const largeBodies = bodyReader<ReadingOrder, ExamplesDocument>("read examples");

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
