import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Serving, digits, predict, rows, startServe } from "./program.ts";

let serving: Serving;
beforeAll(async () => {
  serving = await startServe(digits.model);
  await serving.line("model ready");
});
afterAll(async () => {
  serving.child.kill("SIGTERM");
  await serving.ended;
});

const shape = [rows.length, rows[0]?.length ?? 0] as const;
const pixels = Float32Array.from(rows.flat());

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface InferBody {
  readonly model_name: string;
  readonly model_version: string;
  readonly outputs: readonly Output[];
}

async function inferred(body: string, headers: Readonly<Record<string, string>> = {}): Promise<InferBody> {
  const url = `${serving.url}/v2/models/digits/infer`;
  const response = await fetch(url, { method: "POST", body: deflated(body, headers), headers });
  return (await response.json()) as InferBody; // compared as a whole below
}

function deflated(body: string, headers: Readonly<Record<string, string>>): string | Uint8Array<ArrayBuffer> {
  return headers["content-encoding"] === "deflate" ? deflateSync(body) : body;
}

/** Sends and receives all tensors as binary data, as Triton's client does. */
async function inferredInBinary(): Promise<readonly number[]> {
  const parameters = { binary_data_size: pixels.byteLength };
  const input = { name: "features", shape, datatype: "FP32", parameters };
  const json = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  const response = await fetch(`${serving.url}/v2/models/digits/versions/1/infer`, {
    method: "POST",
    headers: { "inference-header-content-length": String(json.length), "content-type": "application/octet-stream" },
    body: Buffer.concat([json, Buffer.from(pixels.buffer)]),
  });
  const jsonBytes = Number(response.headers.get("inference-header-content-length"));
  const bytes = await response.arrayBuffer();
  expect(JSON.parse(Buffer.from(bytes, 0, jsonBytes).toString())).toEqual({
    model_name: "digits",
    model_version: "1",
    outputs: [
      {
        name: "output_0",
        datatype: "FP32",
        shape: [shape[0], 10],
        parameters: { binary_data_size: shape[0] * 10 * Float32Array.BYTES_PER_ELEMENT },
      },
    ],
  });
  return [...new Float32Array(bytes.slice(jsonBytes))];
}

function path(url: string): Promise<unknown> {
  return fetch(`${serving.url}${url}`).then((response) => response.json());
}

describe("a runtime answers every protocol on one port", () => {
  test("TensorFlow Serving's REST API, Open Inference JSON and binary data give equal answers", async () => {
    const { body } = await predict(serving, JSON.stringify({ instances: rows }));
    const { predictions } = body as { predictions: number[][] }; // compared number by number below
    const json = JSON.stringify({ inputs: [{ name: "features", shape, datatype: "FP32", data: rows }] });
    const flat = JSON.stringify({ inputs: [{ name: "features", shape, datatype: "FP32", data: rows.flat() }] });
    const want = predictions.flat();
    const answer = {
      model_name: "digits",
      model_version: "1",
      outputs: [{ name: "output_0", datatype: "FP32", shape: [shape[0], 10], data: want }],
    };
    expect(await inferred(json)).toEqual(answer);
    expect(await inferred(flat, { "content-encoding": "deflate" })).toEqual(answer);
    expect(await inferredInBinary()).toEqual(want.map(Math.fround));
  });

  test("reports health and metadata for Open Inference and KServe clients", async () => {
    expect(await path("/v2/health/live")).toEqual({ live: true });
    expect(await path("/v2/health/ready")).toEqual({ ready: true });
    expect(await path("/v2/models/digits/ready")).toEqual({ name: "digits", ready: true });
    expect(await path("/v2")).toMatchObject({ name: "modelwright" });
    expect(await path("/v2/models/digits")).toEqual({
      name: "digits",
      versions: ["1"],
      platform: "modelwright",
      inputs: [{ name: "features", datatype: "FP32", shape: [-1, 64] }],
      outputs: [{ name: "output_0", datatype: "FP32", shape: [-1, 10] }],
    });
    expect(await path("/v1/models/digits")).toMatchObject({ name: "digits", ready: true });
    expect(await path("/")).toEqual({ status: "alive" });
    expect(await path("/openapi.json")).toMatchObject({ paths: { "/v1/models/digits:predict": {} } });
  });

  test("counts requests by protocol", async () => {
    await path("/v2/models/nobody");
    const metrics = await (await fetch(`${serving.admin}/metrics`)).text();
    expect(metrics).toContain(
      'modelwright_requests_total{protocol="open-inference",status="404",fault="ModelNotServed"} 1',
    );
  });
});
