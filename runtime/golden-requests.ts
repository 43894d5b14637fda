import type { NamedTensor } from "./dataplane/tensor.ts";
import type { ReadyModel } from "./model/start-model.ts";
import { recordedRequests } from "./model/warm-up-records.ts";
import { predictRequest, type PredictRequest } from "./protocols/tensorflow-serving/rpc/api-messages.ts";
import { filledMemory } from "./protocols/tensorflow-serving/rpc/filled-memory.ts";
import { givenSpec, signatureNameOf } from "./protocols/tensorflow-serving/rpc/model-spec.ts";
import { givenInputs } from "./protocols/tensorflow-serving/rpc/predict.ts";
import { elementText, nested } from "./protocols/tensorflow-serving/tensors/tensor-text.ts";
import { goldenLimits } from "./contract/golden-requests.ts";

/**
 * Requests of Predict that are recorded in a SavedModel for its warm-up, as JSON lines: each `{"request": body of :predict}`. The first
 * ones, as many as `goldenLimits` allow; undefined where there is none. What JSON cannot tell (half and complex numbers) is left out.
 */
export async function recordedGoldenRequests({ folder, served }: ReadyModel): Promise<string | undefined> {
  const recorded = folder === undefined ? [] : await recordedRequests(folder);
  const memory = filledMemory(goldenLimits.bytes);
  const lines: string[] = [];
  let sizeBytes = 0;
  for (const { method, request } of recorded) {
    if (method !== "Predict") continue;
    const given = predictRequest.decode(request);
    const line = await memory.during((take) => Promise.resolve(goldenLine(given, served, take)));
    sizeBytes += line === undefined ? 0 : Buffer.byteLength(line);
    if (sizeBytes > goldenLimits.bytes || lines.length === goldenLimits.requests) break;
    if (line !== undefined) lines.push(line);
  }
  return lines.length === 0 ? undefined : lines.join("");
}

function goldenLine(
  { modelSpec, inputs }: PredictRequest,
  { signatures }: ReadyModel["served"],
  take: (sizeBytes: number) => void,
): string | undefined {
  const name = signatureNameOf(givenSpec(modelSpec));
  const signature = signatures.get(name);
  const members = signature && givenInputs(inputs, signature, take).map(inputText);
  if (members === undefined || members.includes(undefined)) return undefined;
  return `{"request":{"signature_name":${JSON.stringify(name)},"inputs":{${members.join(",")}}}}\n`;
}

function inputText({ name, tensor }: NamedTensor): string | undefined {
  const element = elementText(tensor, (bytes) => `{"b64":"${bytes.toString("base64")}"}`);
  return element && `${JSON.stringify(name)}:${nested({ shape: tensor.shape, element }, 0, 0, ",")}`;
}
