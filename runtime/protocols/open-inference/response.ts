import { isUtf8 } from "node:buffer";
import type { InferAnswer } from "../../dataplane/infer.ts";
import type { NamedTensor, Tensor } from "../../dataplane/tensor.ts";
import { float32Text, float64Text } from "../json/number-text.ts";
import type { ProtocolResponse } from "../protocol.ts";
import { faults } from "./faults.ts";
import type { RequestedOutput } from "./outputs.ts";
import { bytesOf } from "./tensors/binary-data.ts";
import { type Classes, classTensor } from "./tensors/classes.ts";
import { datatypes } from "./tensors/datatypes.ts";

/** Arguments of an infer response, beside its outputs. */
export interface InferWriteArguments extends Pick<InferAnswer, "model" | "version"> {
  readonly id: string | undefined;
  readonly requested: readonly RequestedOutput[];
}

/**
 * The response to an infer request, its outputs as JSON or as binary data after the JSON. Throws `OutputNotInJson` or
 * `OutputNotText`.
 */
export function inferResponse(
  { id, requested, ...answer }: InferWriteArguments,
  given: readonly NamedTensor[],
): ProtocolResponse {
  const tail: Uint8Array[] = [];
  const outputs = given.map((full, i) => {
    const output = withClasses(full, requested[i]?.classes);
    if (requested[i]?.binary !== true) return outputText(output, `"data":[${elementsText(output)}]`);
    const bytes = bytesOf(output.tensor);
    tail.push(bytes);
    return outputText(output, `"parameters":{"binary_data_size":${bytes.length}}`);
  });
  const idText = id === undefined ? "" : `"id":${JSON.stringify(id)},`;
  const model = `"model_name":${JSON.stringify(answer.model)},"model_version":"${answer.version}"`;
  const body = `{${model},${idText}"outputs":[${outputs.join(",")}]}`;
  if (tail.length === 0) return { status: 200, headers: { "content-type": "application/json" }, body };
  const headers = {
    "content-type": "application/octet-stream",
    "inference-header-content-length": String(Buffer.byteLength(body)),
  };
  return { status: 200, headers, body, tail };
}

/** An output, replaced by its classes if requested. */
export function withClasses(output: NamedTensor, classes: Classes | undefined): NamedTensor {
  const { name, tensor } = output;
  return classes === undefined ? output : { name, tensor: classTensor(tensor, classes, `outputs.${name}`) };
}

function outputText({ name, tensor }: NamedTensor, data: string): string {
  const datatype = datatypes[tensor.dtype].name;
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${tensor.shape.join(",")}],${data}}`;
}

/**
 * Formats all elements in row-major order. NaN and infinities become bare words, which Python's parser reads and TensorFlow
 * Serving writes.
 */
function elementsText({ name, tensor }: NamedTensor): string {
  switch (tensor.dtype) {
    case "float32":
      return joined(tensor.data, float32Text);
    case "float64":
      return joined(tensor.data, float64Text);
    case "bool":
      return joined(tensor.data, (value) => (value === 1 ? "true" : "false"));
    case "string":
      return tensor.data.map((bytes, index) => elementText(name, bytes, index)).join(",");
    case "float16":
    case "bfloat16":
    case "complex64":
    case "complex128":
      throw faults.OutputNotInJson({ name, datatype: datatypes[tensor.dtype].name });
    default:
      return integersText(tensor.data);
  }
}

function joined(data: Float32Array | Float64Array | Uint8Array, text: (value: number) => string): string {
  let all = "";
  for (let at = 0; at < data.length; at++) all += `${at === 0 ? "" : ","}${text(data[at] ?? Number.NaN)}`;
  return all;
}

function integersText(data: Exclude<Tensor["data"], readonly Uint8Array[]>): string {
  return data.join(",");
}

function elementText(name: string, bytes: Uint8Array, index: number): string {
  if (!isUtf8(bytes)) throw faults.OutputNotText({ name, index });
  return JSON.stringify(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
}
