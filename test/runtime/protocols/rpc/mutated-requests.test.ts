import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { Fault } from "../../../../runtime/base/fault.ts";
import type { ModelRegistry } from "../../../../runtime/model/registry.ts";
import { inferenceService } from "../../../../runtime/protocols/open-inference/rpc/inference-service.ts";
import { modelInferRequest } from "../../../../runtime/protocols/open-inference/rpc/messages.ts";
import type { RpcService } from "../../../../runtime/protocols/rpc.ts";
import { exampleMessage } from "../../../../runtime/protocols/tensorflow-serving/examples/example-message.ts";
import * as api from "../../../../runtime/protocols/tensorflow-serving/rpc/api-messages.ts";
import { predictionService } from "../../../../runtime/protocols/tensorflow-serving/rpc/prediction-service.ts";
import { formulaRegistry } from "../formula-models.ts";
import { identity, simple } from "../open-inference/rpc/inference-models.ts";
import { vectorRegistry } from "../tensorflow-serving/vector-models.ts";

let tensorflow: ModelRegistry;
let openInference: ModelRegistry;
beforeAll(async () => {
  tensorflow = await vectorRegistry();
  openInference = await formulaRegistry([simple, ...identity]);
});

const call = { signal: new AbortController().signal, deadline: Infinity };

/** The outcome of a method on these bytes: `OK`, or the status code. */
async function outcome(service: RpcService, method: string, bytes: Buffer): Promise<string> {
  const found = service.methods[method];
  if (found?.kind !== "unary") throw new Error(`${method} is no unary method`);
  try {
    await found.answer(bytes, call);
    return "OK";
  } catch (thrown) {
    const { code, details } = service.refusal(Fault.from(thrown));
    return code === "INTERNAL" || code === "UNKNOWN" ? `${code}: ${details}` : code;
  }
}

/** The bytes truncated, changed, extended and shortened at a few places. */
function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  const edit = fc.record({
    at: fc.nat(400),
    drop: fc.nat(6),
    add: fc.uint8Array({ maxLength: 6 }),
  });
  return fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 })).map(([seed, edits]) => {
    let bytes = Buffer.from(seed);
    for (const { at, drop, add } of edits) {
      const place = at % (bytes.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, place), add, bytes.subarray(place + drop)]);
    }
    return bytes;
  });
}

const example = exampleMessage.encode({
  features: { feature: new Map([["x", { floatList: { value: Float32Array.of(1) } }]]) },
});
const input = { exampleListWithContext: { examples: [example], context: example } };
const tensor = { dtype: 1, tensorShape: { dim: [{ size: 2 }, { size: 3 }] } };

const seeds: Readonly<Record<string, readonly Uint8Array[]>> = {
  Predict: [
    { name: "half_plus_two", model: { ...tensor, floatVal: Float32Array.of(1, 2, 3, 4, 5, 6) } },
    { name: "half_plus_two", model: { ...tensor, tensorContent: Buffer.alloc(24, 1) } },
    {
      name: "id_string",
      model: { ...tensor, dtype: 7, tensorContent: Buffer.from("\u0001\u0001\u0001\u0001\u0001\u0001abcdef") },
    },
    { name: "id_int64", model: { ...tensor, dtype: 9, int64Val: BigInt64Array.of(1n, -1n) } },
  ].map(({ name, model }) => api.predictRequest.encode({ modelSpec: { name }, inputs: new Map([["x", model]]) })),
  Classify: [api.classificationRequest.encode({ modelSpec: { name: "labels" }, input })],
  Regress: [api.regressionRequest.encode({ modelSpec: { name: "labels", signatureName: "total" }, input })],
  MultiInference: [
    api.multiInferenceRequest.encode({
      tasks: [{ modelSpec: { name: "labels" }, methodName: "tensorflow/serving/classify" }],
      input,
    }),
  ],
  GetModelMetadata: [
    api.getModelMetadataRequest.encode({ modelSpec: { name: "labels" }, metadataField: ["signature_def"] }),
  ],
};

const x = { name: "x", datatype: "FP32", shape: [2, 3] };
const inferSeeds = [
  { modelName: "identity_float32", inputs: [{ ...x, contents: { fp32Contents: new Float32Array(6) } }] },
  { modelName: "identity_float32", inputs: [x], rawInputContents: [Buffer.alloc(24)] },
  {
    modelName: "identity_string",
    inputs: [{ ...x, datatype: "BYTES", shape: [1] }],
    rawInputContents: [Buffer.from("\u0002\0\0\0ab")],
  },
  { modelName: "identity_int8", inputs: [{ ...x, datatype: "INT8", contents: { intContents: new Int32Array(6) } }] },
].map((request) => modelInferRequest.encode(request));

/** `MODELWRIGHT_MUTATIONS` per method for a run of minutes; a few per method in every test run. */
const runs = Number(process.env["MODELWRIGHT_MUTATIONS"] ?? 3000);
const fine = /^(?:OK|INVALID_ARGUMENT|NOT_FOUND|FAILED_PRECONDITION|UNIMPLEMENTED)$/;

describe("mutated requests are answered or refused, never an internal error", () => {
  test.each(Object.keys(seeds))("%s", { timeout: 3_600_000 }, async (method) => {
    const service = predictionService(tensorflow);
    const property = fc.asyncProperty(mutated(seeds[method] ?? []), async (bytes) => {
      expect(await outcome(service, method, bytes)).toMatch(fine);
    });
    await fc.assert(property, { numRuns: runs });
  });

  test("ModelInfer", { timeout: 3_600_000 }, async () => {
    const service = inferenceService(openInference, { name: "modelwright", version: "1" });
    const property = fc.asyncProperty(mutated(inferSeeds), async (bytes) => {
      expect(await outcome(service, "ModelInfer", bytes)).toMatch(fine);
    });
    await fc.assert(property, { numRuns: runs });
  });
});
