import { readFileSync } from "node:fs";
import { kserveV1 } from "../../../runtime/protocols/kserve-v1/kserve-v1.ts";
import { openInference } from "../../../runtime/protocols/open-inference/open-inference.ts";
import { inferenceService } from "../../../runtime/protocols/open-inference/rpc/inference-service.ts";
import { modelInferRequest } from "../../../runtime/protocols/open-inference/rpc/messages.ts";
import { openApi } from "../../../runtime/protocols/openapi/openapi.ts";
import { exampleMessage } from "../../../runtime/protocols/tensorflow-serving/examples/example-message.ts";
import * as api from "../../../runtime/protocols/tensorflow-serving/rpc/api-messages.ts";
import { predictionService } from "../../../runtime/protocols/tensorflow-serving/rpc/prediction-service.ts";
import { tensorflowServing } from "../../../runtime/protocols/tensorflow-serving/tensorflow-serving.ts";
import { vectorRegistry as openInferenceModels } from "../../runtime/protocols/open-inference/vector-models.ts";
import { vectorRegistry as tensorflowModels } from "../../runtime/protocols/tensorflow-serving/vector-models.ts";
import type { HttpSeed, RpcSeed, Target } from "./requests.ts";

interface Vector {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: null | string | { readonly json?: unknown; readonly blobs?: readonly string[] };
  };
}

/** The vectors' models behind every protocol, with the vectors' requests. */
export async function vectorTarget(): Promise<Target> {
  const identity = { name: "fuzzed", version: "1" };
  const [tensorflow, openInferenceRegistry] = [await tensorflowModels(), await openInferenceModels()];
  const prediction = predictionService(tensorflow);
  const inference = inferenceService(openInferenceRegistry, identity);
  const folder = "../../runtime/protocols";
  const [first, ...others] = [
    ...seedsOf(`${folder}/tensorflow-serving/vectors/tfserving-rest.json`),
    ...seedsOf(`${folder}/open-inference/vectors/open-inference-json.json`),
    ...seedsOf(`${folder}/open-inference/vectors/open-inference-binary.json`),
  ];
  if (first === undefined) throw new Error("there are no vectors");
  return {
    protocols: [
      tensorflowServing(tensorflow),
      openInference(openInferenceRegistry, identity),
      kserveV1,
      openApi(tensorflow, identity),
    ],
    http: [first, ...others],
    rpc: [
      { service: prediction, method: "Predict", message: predictMessages[0] },
      ...predictMessages.slice(1).map((message) => ({ service: prediction, method: "Predict", message })),
      ...exampleSeeds.map(([method, message]): RpcSeed => ({ service: prediction, method, message })),
      ...inferMessages.map((message): RpcSeed => ({ service: inference, method: "ModelInfer", message })),
    ],
  };
}

function seedsOf(path: string): readonly HttpSeed[] {
  const text = readFileSync(new URL(path, import.meta.url), "utf8");
  const { vectors } = JSON.parse(text) as { readonly vectors: readonly Vector[] }; // see the vectors' README
  return vectors.map(({ request }) => seedOf(request));
}

function seedOf({ method, path: target, headers, body }: Vector["request"]): HttpSeed {
  if (body === null || typeof body === "string") return { method, target, headers, body: Buffer.from(body ?? "") };
  if (body.blobs === undefined) return { method, target, headers, body: Buffer.from(JSON.stringify(body)) };
  const head = Buffer.from(JSON.stringify(body.json));
  const blobs = body.blobs.map((hex) => Buffer.from(hex, "hex"));
  const length = { "inference-header-content-length": String(head.length) };
  return { method, target, headers: { ...headers, ...length }, body: Buffer.concat([head, ...blobs]) };
}

const example = exampleMessage.encode({
  features: { feature: new Map([["x", { floatList: { value: Float32Array.of(1) } }]]) },
});
const input = { exampleListWithContext: { examples: [example], context: example } };
const tensor = { dtype: 1, tensorShape: { dim: [{ size: 2 }, { size: 3 }] } };

function predictMessage(name: string, x: object): Buffer {
  return Buffer.from(api.predictRequest.encode({ modelSpec: { name }, inputs: new Map([["x", x]]) }));
}

const predictMessages = [
  predictMessage("half_plus_two", { ...tensor, floatVal: Float32Array.of(1, 2, 3, 4, 5, 6) }),
  predictMessage("half_plus_two", { ...tensor, tensorContent: Buffer.alloc(24, 1) }),
  predictMessage("id_string", { ...tensor, dtype: 7, stringVal: [Buffer.from("a")] }),
  predictMessage("id_int64", { ...tensor, dtype: 9, int64Val: BigInt64Array.of(1n, -1n) }),
] as const;

const exampleSeeds: readonly (readonly [method: string, message: Buffer])[] = [
  ["Classify", Buffer.from(api.classificationRequest.encode({ modelSpec: { name: "labels" }, input }))],
  [
    "Regress",
    Buffer.from(api.regressionRequest.encode({ modelSpec: { name: "labels", signatureName: "total" }, input })),
  ],
  [
    "GetModelMetadata",
    Buffer.from(
      api.getModelMetadataRequest.encode({ modelSpec: { name: "labels" }, metadataField: ["signature_def"] }),
    ),
  ],
];

const numbers = { datatype: "INT32", shape: [1, 16] };
const inferMessages = [
  {
    modelName: "simple",
    inputs: ["INPUT0", "INPUT1"].map((name) => ({ name, ...numbers, contents: { intContents: new Int32Array(16) } })),
  },
  {
    modelName: "simple",
    inputs: ["INPUT0", "INPUT1"].map((name) => ({ name, ...numbers })),
    rawInputContents: [Buffer.alloc(64), Buffer.alloc(64)],
  },
].map((message) => Buffer.from(modelInferRequest.encode(message)));
