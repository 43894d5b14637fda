import type { Signature } from "../../../dataplane/signature.ts";
import { type ReadArguments, bodyReader } from "../../json/offload/body-reader.ts";
import { type WriteResult, bodyWriter } from "../../json/offload/body-writer.ts";
import type { Models, ProtocolResponse, ProtocolRequest } from "../../protocol.ts";
import { faults } from "../faults.ts";
import { readyModel } from "../lookup.ts";
import { type ExamplesWriteArguments, classifyBody, regressBody } from "../response.ts";
import type { PathModel } from "../routes.ts";
import { classRows, classificationOutputs } from "./classification.ts";
import { type ExampleRun, runExamples } from "./example-run.ts";
import { type ExamplesDocument, examplesDocument } from "./examples-document.ts";
import { regressionOutputs, regressionValues } from "./regression.ts";

const classifyWriter = bodyWriter<ExamplesWriteArguments, WriteResult>("write classify");
const regressWriter = bodyWriter<ExamplesWriteArguments, WriteResult>("write regress");

/** Runs a `:classify` request; the response body. Rejects with a Fault. */
export async function classify(models: Models, model: PathModel, request: ProtocolRequest): Promise<Body> {
  const { signature, run } = await preparedRun(models, model, request);
  const outputs = await runExamples(run, classificationOutputs(signature, run.signature));
  const rows = run.examples.length;
  const offloaded = classifyWriter.write({ rows }, outputs);
  return offloaded === undefined ? classifyBody(classRows(outputs, rows)) : (await offloaded).body;
}

/** Runs a `:regress` request; the response body. Rejects with a Fault. */
export async function regress(models: Models, model: PathModel, request: ProtocolRequest): Promise<Body> {
  const { signature, run } = await preparedRun(models, model, request);
  const outputs = await runExamples(run, regressionOutputs(signature, run.signature));
  const rows = run.examples.length;
  const offloaded = regressWriter.write({ rows }, outputs);
  return offloaded === undefined ? regressBody(regressionValues(outputs, rows)) : (await offloaded).body;
}

type Body = ProtocolResponse["body"];

const bodies = bodyReader<ReadArguments, ExamplesDocument>("read examples");

/** Prepares a run. Checks in TensorFlow Serving's order: the body, the model, the signature. */
async function preparedRun(
  models: Models,
  model: PathModel,
  { body, signal, deadline }: ProtocolRequest,
): Promise<PreparedRun> {
  const { signature: name, inputs } = await (bodies.read({ body }, body.length) ?? examplesDocument(body));
  const target = readyModel(models, model);
  const signature = target.signatures.get(name);
  if (signature === undefined) throw faults.SignatureNamed({ signature: name });
  const examples = inputs[0].tensor.data;
  return { signature, run: { target, signature: name, examples, terms: { deadline, signal } } };
}

interface PreparedRun {
  readonly signature: Signature;
  readonly run: ExampleRun;
}
