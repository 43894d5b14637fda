import { modelInferRequest } from "../../../../runtime/protocols/open-inference/rpc/messages.ts";
import * as api from "../../../../runtime/protocols/tensorflow-serving/rpc/api-messages.ts";
import { type RpcCase, framed } from "./rpc-connection.ts";

const predict = "/tensorflow.serving.PredictionService/Predict";
const infer = "/inference.GRPCInferenceService/ModelInfer";
const stream = "/inference.GRPCInferenceService/ModelStreamInfer";
const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

type PredictDraft = Parameters<typeof api.predictRequest.encode>[0];
type InferDraft = Parameters<typeof modelInferRequest.encode>[0];
const predictCall = (features: object, name = "digits"): Pick<RpcCase, "path" | "sends"> => {
  const draft: PredictDraft = { modelSpec: { name }, inputs: new Map([["features", features]]) };
  return { path: predict, sends: [framed(api.predictRequest.encode(draft))] };
};
const inferCall = (draft: InferDraft): Pick<RpcCase, "path" | "sends"> => ({
  path: infer,
  sends: [framed(modelInferRequest.encode({ modelName: "digits", ...draft }))],
});
const shape = (...sizes: readonly number[]): object => ({ dim: sizes.map((size) => ({ size })) });
const tensor = { name: "features", datatype: "FP32", shape: [1, 64] };
const megabytes = 1024 * 1024;
/** An encoded field of bytes. */
const field = (number: number, body: Uint8Array): Buffer => {
  const head: number[] = [number * 8 + 2];
  let rest = body.length;
  for (; rest > 127; rest >>>= 7) head.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...head, rest]), body]);
};
/** PredictRequest.inputs["features"] with this TensorProto. */
const rawTensor = (proto: Uint8Array): Buffer =>
  field(2, Buffer.concat([field(1, Buffer.from("features")), field(2, proto)]));

/** Invalid messages in valid frames. */
export const messageCases: Readonly<Record<string, RpcCase>> = {
  "noise as a message": {
    path: predict,
    sends: [framed(Buffer.alloc(1000, 0xa5))],
    want: "3: the request is not a valid tensorflow.serving.PredictRequest: a varint takes more than 10 bytes",
  },
  "a field with number 0": {
    path: predict,
    sends: [framed(Buffer.from([2, 0]))],
    want: "3: the request is not a valid tensorflow.serving.PredictRequest: a field has number 0",
  },
  "a group that does not end": {
    path: predict,
    sends: [framed(Buffer.from([0x0b]))],
    want: "3: the request is not a valid tensorflow.serving.PredictRequest: model_spec: field 1 has wire type 3; must have 2",
  },
  "a field longer than the message": {
    path: predict,
    sends: [framed(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f]))],
    want: "3: the request is not a valid tensorflow.serving.PredictRequest: model_spec: it ends in the middle of a value",
  },
  "a varint of eleven bytes": {
    path: predict,
    sends: [framed(Buffer.alloc(11, 0xff))],
    want: "3: the request is not a valid tensorflow.serving.PredictRequest: a varint takes more than 10 bytes",
  },
  "a name that is no UTF-8": {
    path: predict,
    sends: [framed(field(1, field(1, Buffer.from([0xff, 0xfe]))))],
    want: "3: the request is not a valid tensorflow.serving.PredictRequest: model_spec.name: a text is not valid UTF-8",
  },
  "a model named __proto__": {
    ...predictCall({}, "__proto__"),
    want: "5: Servable not found for request: Latest(__proto__)",
  },
  "a model named with a megabyte": {
    ...predictCall({}, "a".repeat(megabytes)),
    want: /^5: Servable not found for request: Latest\(aaaaaaaaaaaaaaaaaa[^]*aaaaaaaaaaaaaaaaaaaaaaaaaaaa\.\.\.TRUNCATED$/,
  },
  "a million unknown fields": {
    path: predict,
    sends: [framed(Buffer.alloc(2_000_000, Buffer.from([0x78, 1])))],
    want: "3: Missing ModelSpec",
  },
  "four million empty messages": {
    path: infer,
    sends: [framed(Buffer.alloc(8_000_000, Buffer.from([0x2a, 0])))],
    want: "3: the request is not a valid inference.ModelInferRequest: inputs[125000]: it has more values than may be read",
  },
  "eight million int64 numbers of one byte": {
    path: predict,
    sends: [
      framed(Buffer.concat([field(1, field(1, Buffer.from("digits"))), rawTensor(field(10, Buffer.alloc(8_000_000)))])),
    ],
    want: "3: tensor parsing error: features: dtype is 0; must be a type that tensors can have",
  },
  "a tensor without a type": {
    ...predictCall({ tensorShape: shape(1, 64) }),
    want: "3: tensor parsing error: features: dtype is 0; must be a type that tensors can have",
  },
  "a tensor of an unknown type": {
    ...predictCall({ dtype: 99, tensorShape: shape(1, 64) }),
    want: "3: tensor parsing error: features: dtype is 99; must be a type that tensors can have",
  },
  "a tensor of a wrong type": {
    ...predictCall({ dtype: 9, tensorShape: shape(1, 64), int64Val: new BigInt64Array(64) }),
    want: "3: inputs.features is int64; must be float32",
  },
  "a shape below zero": {
    ...predictCall({ dtype: 1, tensorShape: shape(-1, 64), floatVal: new Float32Array(64) }),
    want: "3: tensor parsing error: features: tensor_shape.dim[0].size is -1; must be 0 or more",
  },
  "a shape whose product is beyond 2^53": {
    ...predictCall({ dtype: 1, tensorShape: shape(2 ** 40, 2 ** 40), floatVal: new Float32Array(1) }),
    want: "3: tensor parsing error: features: tensor_shape has more elements than there can be",
  },
  "a shape beyond memory with one value": {
    ...predictCall({ dtype: 1, tensorShape: shape(2 ** 30, 64), floatVal: new Float32Array(1) }),
    want: "3: tensor parsing error: features: tensor_shape needs 274877906944 bytes of fill values; may need 67108864 at most",
  },
  "a shape of unknown rank": {
    ...predictCall({ dtype: 1, tensorShape: { unknownRank: true }, floatVal: new Float32Array(64) }),
    want: "3: tensor parsing error: features: tensor_shape.unknown_rank is true; must be false",
  },
  "a shape of 255 dimensions": {
    ...predictCall({
      dtype: 1,
      tensorShape: shape(...Array.from({ length: 255 }, () => 1)),
      floatVal: new Float32Array(1),
    }),
    want: "3: tensor parsing error: features: tensor_shape has 255 dimensions; must have 254 at most",
  },
  "content shorter than its shape": {
    ...predictCall({ dtype: 1, tensorShape: shape(1, 64), tensorContent: Buffer.alloc(100) }),
    want: "3: tensor parsing error: features: tensor_content has 100 bytes; its shape and type need 256",
  },
  "more values than the shape says": {
    ...predictCall({ dtype: 1, tensorShape: shape(1, 64), floatVal: new Float32Array(65) }),
    want: "0: OK",
  },
  "no values": { ...predictCall({ dtype: 1, tensorShape: shape(1, 64) }), want: "0: OK" },
  "a hundred thousand inputs": {
    path: predict,
    sends: [
      framed(
        api.predictRequest.encode({
          modelSpec: { name: "digits" },
          inputs: new Map(Array.from({ length: 100_000 }, (_, i) => [`n${i}`, {}])),
        }),
      ),
    ],
    want: "3: the request is not a valid tensorflow.serving.PredictRequest: inputs.value: it has more values than may be read",
  },
  "an unknown output filter": {
    path: predict,
    sends: [
      framed(
        api.predictRequest.encode({
          modelSpec: { name: "digits" },
          inputs: new Map([["features", { dtype: 1, tensorShape: shape(1, 64), floatVal: new Float32Array(64) }]]),
          outputFilter: ["__proto__"],
        }),
      ),
    ],
    want: "3: output tensor alias not found in signature: __proto__ Outputs expected to be in the set {output_0}.",
  },
  "raw contents for no input": {
    ...inferCall({ rawInputContents: [Buffer.alloc(256)] }),
    want: "3: raw_input_contents has 1 elements; must have one for each of the 0 inputs",
  },
  "raw contents of a wrong length": {
    ...inferCall({ inputs: [tensor], rawInputContents: [Buffer.alloc(255)] }),
    want: "3: the size of raw_input_contents[0] is 255; shape [1,64] of FP32 needs 256 bytes",
  },
  "raw and typed contents": {
    ...inferCall({
      inputs: [{ ...tensor, contents: { fp32Contents: new Float32Array(64) } }],
      rawInputContents: [Buffer.alloc(256)],
    }),
    want: "3: contents field must not be specified when using raw_input_contents for 'features' for model 'digits'",
  },
  "typed contents of another type": {
    ...inferCall({ inputs: [{ ...tensor, contents: { intContents: new Int32Array(64) } }] }),
    want: "3: inputs[0].contents has int_contents; must have fp32_contents",
  },
  "an infer shape below zero": {
    ...inferCall({ inputs: [{ ...tensor, shape: [-1, 64] }], rawInputContents: [Buffer.alloc(256)] }),
    want: "3: inputs[0].shape[0] is -1; must be a whole number from 0",
  },
  "an infer shape whose product is beyond 2^53": {
    ...inferCall({ inputs: [{ ...tensor, shape: [2 ** 40, 2 ** 40] }], rawInputContents: [Buffer.alloc(256)] }),
    want: "3: inputs[0].shape is [1099511627776,1099511627776]: more elements than there can be",
  },
  "a datatype named constructor": {
    ...inferCall({ inputs: [{ ...tensor, datatype: "constructor" }], rawInputContents: [Buffer.alloc(256)] }),
    want: '3: inputs[0].datatype is "constructor"; must be one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES, COMPLEX64, COMPLEX128',
  },
  "a stream whose first message is noise": { path: stream, sends: [framed(Buffer.alloc(100, 0xa5))], want: "0: OK" },
  "a stream of a thousand empty messages": { path: stream, sends: [Buffer.alloc(5000)], want: "0: OK" },
  "a reflection of noise": {
    path: reflection,
    sends: [framed(Buffer.alloc(100, 0xa5))],
    want: "3: the request is not a valid grpc.reflection.v1.ServerReflectionRequest: a varint takes more than 10 bytes",
  },
  "loading a model": {
    path: "/inference.GRPCInferenceService/RepositoryModelLoad",
    sends: [framed(field(2, Buffer.from("../../etc")))],
    want: "7: explicit load of model '../../etc' is not allowed; change spec.model of its ModelDeployment instead, or start the server with --model-control",
  },
};
