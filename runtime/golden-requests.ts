import type { NamedTensor } from "./dataplane/tensor.ts";
import type { ReadyModel } from "./model/start-model.ts";
import { recordedRequests } from "./model/warm-up-records.ts";
import { predictRequest, type PredictRequest } from "./protocols/tensorflow-serving/rpc/api-messages.ts";
import { type Reserve, fillBudget } from "./protocols/tensorflow-serving/rpc/fill-budget.ts";
import { requiredSpec, signatureNameOf } from "./protocols/tensorflow-serving/rpc/model-spec.ts";
import { inputTensors } from "./protocols/tensorflow-serving/rpc/predict.ts";
import { elementText, nested } from "./protocols/tensorflow-serving/tensors/tensor-text.ts";
import { goldenLimits } from "./contract/golden-requests.ts";

/**
 * The Predict requests recorded in a SavedModel for its warm-up, as JSON lines of `{"request": <body of :predict>}`. Returns the first
 * ones within `goldenLimits`; undefined when there are none. Omits requests that JSON cannot represent (half and complex numbers).
 */
export async function recordedGoldenRequests({ folder, served }: ReadyModel): Promise<string | undefined> {
  const recorded = folder === undefined ? [] : await recordedRequests(folder);
  const budget = fillBudget(goldenLimits.bytes);
  const lines: string[] = [];
  let sizeBytes = 0;
  for (const { method, request } of recorded) {
    if (method !== "Predict") continue;
    const decoded = predictRequest.decode(request);
    const line = await budget.during((reserve) => Promise.resolve(goldenLine(decoded, served, reserve)));
    sizeBytes += line === undefined ? 0 : Buffer.byteLength(line);
    if (sizeBytes > goldenLimits.bytes || lines.length === goldenLimits.requests) break;
    if (line !== undefined) lines.push(line);
  }
  return lines.length === 0 ? undefined : lines.join("");
}

function goldenLine(
  { modelSpec, inputs }: PredictRequest,
  { signatures }: ReadyModel["served"],
  reserve: Reserve,
): string | undefined {
  const name = signatureNameOf(requiredSpec(modelSpec));
  const signature = signatures.get(name);
  const members = signature && inputTensors(inputs, signature, reserve).map(inputText);
  if (members === undefined || members.includes(undefined)) return undefined;
  return `{"request":{"signature_name":${JSON.stringify(name)},"inputs":{${members.join(",")}}}}\n`;
}

function inputText({ name, tensor }: NamedTensor): string | undefined {
  const element = elementText(tensor, (bytes) => `{"b64":"${bytes.toString("base64")}"}`);
  return element && `${JSON.stringify(name)}:${nested({ shape: tensor.shape, element }, 0, 0, ",")}`;
}
