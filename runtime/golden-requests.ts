import type { NamedTensor, Tensor } from "./dataplane/tensor.ts";
import type { ReadyModel } from "./model/bring-up.ts";
import { recordedRequests } from "./model/warm-up-records.ts";
import { float32Text, float64Text } from "./protocols/json/number-text.ts";
import { predictRequest, type PredictRequest } from "./protocols/tensorflow-serving/rpc/api-messages.ts";
import { filledMemory } from "./protocols/tensorflow-serving/rpc/filled-memory.ts";
import { givenSpec, signatureNameOf } from "./protocols/tensorflow-serving/rpc/model-spec.ts";
import { givenInputs } from "./protocols/tensorflow-serving/rpc/predict.ts";
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
  const element = elementWriter(tensor);
  return element && `${JSON.stringify(name)}:${nested(tensor.shape, element, 0)}`;
}

/** Elements from `at` on as lists nested by the dimensions of a shape. */
function nested([length, ...rest]: readonly number[], element: (at: number) => string, at: number): string {
  if (length === undefined) return element(at);
  const stride = rest.reduce((product, size) => product * size, 1);
  return `[${Array.from({ length }, (_, index) => nested(rest, element, at + index * stride)).join(",")}]`;
}

function elementWriter(tensor: Tensor): ((at: number) => string) | undefined {
  switch (tensor.dtype) {
    case "float32":
      return (at) => float32Text(tensor.data[at] ?? Number.NaN);
    case "float64":
      return (at) => float64Text(tensor.data[at] ?? Number.NaN);
    case "bool":
      return (at) => String(tensor.data[at] === 1);
    case "string":
      return (at) => `{"b64":"${Buffer.from(tensor.data[at] ?? []).toString("base64")}"}`;
    case "float16":
    case "bfloat16":
    case "uint16":
    case "complex64":
    case "complex128":
      return undefined;
    default:
      return (at) => String(tensor.data[at]);
  }
}
