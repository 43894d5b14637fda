import type { Tensor } from "../../../runtime/dataplane/tensor.ts";

const datatypes: Readonly<Record<string, string>> = { float32: "FP32", int32: "INT32" };

interface TensorHeader {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly parameters: { readonly binary_data_size: number };
}

/** A tensor of a request with its name. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/** A request of the Open Inference Protocol with binary tensors: its body and the length of its JSON header. */
export function binaryRequest(inputs: readonly NamedTensor[]): { readonly body: Buffer; readonly headLength: number } {
  const parts = inputs.map(({ tensor: { data } }) => {
    const values = data as Float32Array | Int32Array; // `datatypes` has no others
    return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  });
  const headers = inputs.map(({ name, tensor: { dtype, shape } }, i) => {
    const parameters = { binary_data_size: parts[i]?.length };
    return { name, shape, datatype: datatypes[dtype], parameters };
  });
  const head = Buffer.from(JSON.stringify({ inputs: headers, parameters: { binary_data_output: true } }));
  return { body: Buffer.concat([head, ...parts]), headLength: head.length };
}

/** Sends an inference request to a runtime. Throws with the response's text if it is an error. */
export async function binaryAnswer(url: string, inputs: readonly NamedTensor[]): Promise<readonly Tensor[]> {
  const { body, headLength } = binaryRequest(inputs);
  const headers = { "inference-header-content-length": String(headLength) };
  const response = await fetch(url, { method: "POST", headers, body: Uint8Array.from(body) });
  const answer = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(`${response.status} ${answer.toString("utf8", 0, 500)}`);
  let offset = Number(response.headers.get("inference-header-content-length"));
  const { outputs } = JSON.parse(answer.toString("utf8", 0, offset)) as { readonly outputs: readonly TensorHeader[] }; // the protocol's
  return outputs.map(({ shape, datatype, parameters: { binary_data_size: size } }): Tensor => {
    const bytes = Uint8Array.from(answer.subarray(offset, offset + size));
    offset += size;
    if (datatype === "INT32") return { dtype: "int32", shape, data: new Int32Array(bytes.buffer) };
    return { dtype: "float32", shape, data: new Float32Array(bytes.buffer) };
  });
}
