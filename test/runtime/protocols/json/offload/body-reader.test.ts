import { describe, expect, test } from "vitest";
import { Fault } from "../../../../../runtime/base/fault.ts";
import { type Signature, soleSignature } from "../../../../../runtime/dataplane/signature.ts";
import { type ReadArguments, bodyReader } from "../../../../../runtime/protocols/json/offload/body-reader.ts";
import {
  type InferDocument,
  type InferReadArguments,
  inferDocument,
} from "../../../../../runtime/protocols/open-inference/request.ts";
import {
  type ExamplesDocument,
  examplesDocument,
} from "../../../../../runtime/protocols/tensorflow-serving/examples/examples-document.ts";
import {
  type PredictDocument,
  type PredictReadArguments,
  predictDocument,
} from "../../../../../runtime/protocols/tensorflow-serving/request.ts";

const predicts = bodyReader<PredictReadArguments, PredictDocument>("read predict");
const examples = bodyReader<ReadArguments, ExamplesDocument>("read examples");
const infers = bodyReader<InferReadArguments, InferDocument>("read infer");
const signature: Signature = {
  inputs: [{ name: "x", dtype: "float32", shape: [-1, 4] }],
  outputs: [{ name: "y", dtype: "float32", shape: [-1, 1] }],
};
const signatures = soleSignature(signature);
const texts: Signature = { ...signature, inputs: [{ name: "x", dtype: "string", shape: [-1, 3] }] };
const someTexts = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? "" : `ä${i}`));
const textRows = JSON.stringify(Array.from({ length: 100 }, (_, i) => someTexts.slice(3 * i, 3 * i + 3)));
const textTensor = { name: "x", datatype: "BYTES", shape: [100, 3], data: someTexts };
/** Bodies are padded with blanks to be large. */
const rows = 50;
const values = Array.from({ length: rows * 4 }, (_, i) => (i % 1000) / 8);
const rowText = Array.from({ length: rows }, (_, i) => JSON.stringify(values.slice(4 * i, 4 * i + 4))).join(", ");
const headerBytes = 600_000;
const padded = (json: string): Buffer => Buffer.from(json.padEnd(headerBytes));
const instances = (text: string): Buffer => padded(`{"instances":[${text}]}`);
const tensor = { name: "x", datatype: "FP32", shape: [rows, 4] };

/** A request with binary data after JSON that is padded with blanks. */
function withBinary(): Buffer {
  const input = { ...tensor, parameters: { binary_data_size: rows * 16 } };
  return Buffer.concat([padded(JSON.stringify({ inputs: [input] })), Buffer.from(Float32Array.from(values).buffer)]);
}

interface Readings {
  readonly inPlace: object;
  readonly offloaded: object;
}

async function readPredict(
  body: () => Buffer,
  known: PredictReadArguments["signatures"] = signatures,
): Promise<Readings> {
  const args = { body: body(), signatures: known };
  return {
    inPlace: await outcome(() => predictDocument(body(), known)),
    offloaded: await outcome(() => predicts.read(args, args.body.length) ?? {}),
  };
}

async function readInfer(body: () => Buffer, headerLength?: string, meant = signature): Promise<Readings> {
  const args = { body: body(), headerLength, signature: meant };
  return {
    inPlace: await outcome(() => inferDocument(body(), headerLength, meant)),
    offloaded: await outcome(() => infers.read(args, args.body.length) ?? {}),
  };
}

async function readExamples(body: () => Buffer): Promise<Readings> {
  const args = { body: body() };
  return {
    inPlace: await outcome(() => examplesDocument(body())),
    offloaded: await outcome(() => examples.read(args, args.body.length) ?? {}),
  };
}

async function outcome(read: () => object | Promise<object>): Promise<object> {
  try {
    return await read();
  } catch (thrown) {
    const { record, retry, level } = Fault.from(thrown);
    return { ...record, retry, level };
  }
}

/** The same with every byte array as hexadecimal digits, whatever its class. */
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plainBytes);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainBytes(member)]));
}

describe("a large body read in the body thread gives the same result:", () => {
  test.each<readonly [string, () => Promise<Readings>]>([
    ["rows of TensorFlow Serving", () => readPredict(() => instances(rowText))],
    ["an unknown signature", () => readPredict(() => padded(`{"signature_name":"other","instances":[${rowText}]}`))],
    ["an unknown model", () => readPredict(() => instances(rowText), new Map())],
    ["too many values", () => readPredict(() => instances(`${'"a",'.repeat(260_000)}"a"`))],
    ["no JSON", () => readPredict(() => Buffer.alloc(headerBytes, "x"))],
    [
      "JSON of the Open Inference Protocol",
      () => readInfer(() => padded(JSON.stringify({ id: "1", inputs: [{ ...tensor, data: values }] }))),
    ],
    ["rows of texts", () => readPredict(() => padded(`{"instances":${textRows}}`), soleSignature(texts))],
    [
      "texts of the Open Inference Protocol",
      () => readInfer(() => padded(JSON.stringify({ inputs: [textTensor] })), undefined, texts),
    ],
    [
      "examples with a context",
      () =>
        readExamples(() => padded(`{"signature_name":"c","context":{"a":"b"},"examples":[{"x":[1.5]},{},{"y":3}]}`)),
    ],
    ["invalid examples", () => readExamples(() => padded(`{"examples":[{"x":[1,"a"]}]}`))],
    ["binary data behind JSON", () => readInfer(withBinary, String(headerBytes))],
    [
      "a wrong number of elements",
      () => readInfer(() => padded(JSON.stringify({ inputs: [{ ...tensor, data: values.slice(1) }] }))),
    ],
  ])("%s", async (_, readings) => {
    const { inPlace, offloaded } = await readings();
    expect(plainBytes(offloaded)).toEqual(plainBytes(inPlace));
  });
});

describe("a body is read in place when it", () => {
  test.each<readonly [string, number]>([
    ["is small", 512 * 1024],
    ["has little JSON before binary data", 100],
    ["announces an invalid size", Number.NaN],
  ])("%s", (_, jsonBytes) => {
    const args = { body: withBinary(), headerLength: undefined, signature };
    expect(infers.read(args, jsonBytes)).toBeUndefined();
    expect(args.body.length).toBeGreaterThan(headerBytes);
  });

  test("exceeds the limit of pending bodies", async () => {
    const large = 40 * 1024 ** 2;
    const read = (): Promise<PredictDocument> | undefined =>
      predicts.read({ body: Buffer.alloc(large, " "), signatures }, large);
    const first = read();
    expect(read()).toBeUndefined();
    await expect(first).rejects.toMatchObject({ code: "JsonInvalid" });
    await expect(read()).rejects.toMatchObject({ code: "JsonInvalid" });
  });
});
