import { describe, expect, test } from "vitest";
import { Fault } from "../../../../../runtime/base/fault.ts";
import { type Signature, soleSignature } from "../../../../../runtime/dataplane/signature.ts";
import { type ReadingOrder, bodyReader } from "../../../../../runtime/protocols/json/large/body-reader.ts";
import {
  type InferDocument,
  type InferOrder,
  inferDocument,
} from "../../../../../runtime/protocols/open-inference/request.ts";
import {
  type ExamplesDocument,
  examplesDocument,
} from "../../../../../runtime/protocols/tensorflow-serving/examples/examples-document.ts";
import {
  type PredictDocument,
  type PredictOrder,
  predictDocument,
} from "../../../../../runtime/protocols/tensorflow-serving/request.ts";

const predicts = bodyReader<PredictOrder, PredictDocument>("read predict");
const examples = bodyReader<ReadingOrder, ExamplesDocument>("read examples");
const infers = bodyReader<InferOrder, InferDocument>("read infer");
const signature: Signature = {
  inputs: [{ name: "x", dtype: "float32", shape: [-1, 4] }],
  outputs: [{ name: "y", dtype: "float32", shape: [-1, 1] }],
};
const signatures = soleSignature(signature);
const texts: Signature = { ...signature, inputs: [{ name: "x", dtype: "string", shape: [-1, 3] }] };
const someTexts = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? "" : `ä${i}`));
const textRows = JSON.stringify(Array.from({ length: 100 }, (_, i) => someTexts.slice(3 * i, 3 * i + 3)));
const textTensor = { name: "x", datatype: "BYTES", shape: [100, 3], data: someTexts };
/** Blanks make them large. */
const rows = 50;
const values = Array.from({ length: rows * 4 }, (_, i) => (i % 1000) / 8);
const rowText = Array.from({ length: rows }, (_, i) => JSON.stringify(values.slice(4 * i, 4 * i + 4))).join(", ");
const headerBytes = 600_000;
const padded = (json: string): Buffer => Buffer.from(json.padEnd(headerBytes));
const instances = (text: string): Buffer => padded(`{"instances":[${text}]}`);
const tensor = { name: "x", datatype: "FP32", shape: [rows, 4] };

/** A request with binary data behind JSON that blanks make long. */
function withBinary(): Buffer {
  const input = { ...tensor, parameters: { binary_data_size: rows * 16 } };
  return Buffer.concat([padded(JSON.stringify({ inputs: [input] })), Buffer.from(Float32Array.from(values).buffer)]);
}

interface Readings {
  readonly here: object;
  readonly aside: object;
}

async function predicted(body: () => Buffer, known: PredictOrder["signatures"] = signatures): Promise<Readings> {
  const order = { body: body(), signatures: known };
  return {
    here: await told(() => predictDocument(body(), known)),
    aside: await told(() => predicts.read(order, order.body.length) ?? {}),
  };
}

async function inferred(body: () => Buffer, headerLength?: string, meant = signature): Promise<Readings> {
  const order = { body: body(), headerLength, signature: meant };
  return {
    here: await told(() => inferDocument(body(), headerLength, meant)),
    aside: await told(() => infers.read(order, order.body.length) ?? {}),
  };
}

async function exemplified(body: () => Buffer): Promise<Readings> {
  const order = { body: body() };
  return {
    here: await told(() => examplesDocument(body())),
    aside: await told(() => examples.read(order, order.body.length) ?? {}),
  };
}

async function told(read: () => object | Promise<object>): Promise<object> {
  try {
    return await read();
  } catch (thrown) {
    const { record, retry, level } = Fault.from(thrown);
    return { ...record, retry, level };
  }
}

/** The same with every text as hexadecimal digits, whichever kind of array it is. */
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plainBytes);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainBytes(member)]));
}

describe("a large body that is read aside comes to the same:", () => {
  test.each<readonly [string, () => Promise<Readings>]>([
    ["rows of TensorFlow Serving", () => predicted(() => instances(rowText))],
    [
      "a signature that is not there",
      () => predicted(() => padded(`{"signature_name":"other","instances":[${rowText}]}`)),
    ],
    ["a model that is not there", () => predicted(() => instances(rowText), new Map())],
    ["too many values", () => predicted(() => instances(`${'"a",'.repeat(260_000)}"a"`))],
    ["no JSON", () => predicted(() => Buffer.alloc(headerBytes, "x"))],
    [
      "JSON of the Open Inference Protocol",
      () => inferred(() => padded(JSON.stringify({ id: "1", inputs: [{ ...tensor, data: values }] }))),
    ],
    ["rows of texts", () => predicted(() => padded(`{"instances":${textRows}}`), soleSignature(texts))],
    [
      "texts of the Open Inference Protocol",
      () => inferred(() => padded(JSON.stringify({ inputs: [textTensor] })), undefined, texts),
    ],
    [
      "examples with a context",
      () => exemplified(() => padded(`{"signature_name":"c","context":{"a":"b"},"examples":[{"x":[1.5]},{},{"y":3}]}`)),
    ],
    ["examples of no kind", () => exemplified(() => padded(`{"examples":[{"x":[1,"a"]}]}`))],
    ["binary data behind JSON", () => inferred(withBinary, String(headerBytes))],
    [
      "a wrong number of elements",
      () => inferred(() => padded(JSON.stringify({ inputs: [{ ...tensor, data: values.slice(1) }] }))),
    ],
  ])("%s", async (_, readings) => {
    const { here, aside } = await readings();
    expect(plainBytes(aside)).toEqual(plainBytes(here));
  });
});

describe("it is read where it is when it", () => {
  test.each<readonly [string, number]>([
    ["is small", 512 * 1024],
    ["has little JSON before binary data", 100],
    ["announces no number of bytes", Number.NaN],
  ])("%s", (_, jsonBytes) => {
    const order = { body: withBinary(), headerLength: undefined, signature };
    expect(infers.read(order, jsonBytes)).toBeUndefined();
    expect(order.body.length).toBeGreaterThan(headerBytes);
  });

  test("is one too many of those that wait", async () => {
    const large = 40 * 1024 ** 2;
    const read = (): Promise<PredictDocument> | undefined =>
      predicts.read({ body: Buffer.alloc(large, " "), signatures }, large);
    const first = read();
    expect(read()).toBeUndefined();
    await expect(first).rejects.toMatchObject({ code: "JsonInvalid" });
    await expect(read()).rejects.toMatchObject({ code: "JsonInvalid" });
  });
});
