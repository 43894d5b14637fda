import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { callAnswer, isComparableCall } from "../../../../runtime/gateway/mirror/call-answer.ts";
import { modelInferResponse } from "../../../../runtime/protocols/open-inference/rpc/messages.ts";
import { predictResponse } from "../../../../runtime/protocols/tensorflow-serving/rpc/api-messages.ts";

const infer = "/inference.GRPCInferenceService/ModelInfer";
const predict = "/tensorflow.serving.PredictionService/Predict";

function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0]);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const bytesOf = (array: ArrayBufferView): Buffer => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

describe("the answer to a call of ModelInfer", () => {
  const raw: Record<string, readonly [bytes: Buffer, data: readonly unknown[]]> = {
    FP32: [bytesOf(Float32Array.of(0.5, Number.NaN)), [0.5, "NaN"]],
    FP64: [bytesOf(Float64Array.of(0.1, -Infinity)), [0.1, "-Infinity"]],
    INT8: [bytesOf(Int8Array.of(-1, 2)), [-1, 2]],
    INT16: [bytesOf(Int16Array.of(-300, 2)), [-300, 2]],
    INT32: [bytesOf(Int32Array.of(-70_000, 2)), [-70_000, 2]],
    INT64: [bytesOf(BigInt64Array.of(-5n, 2n)), [-5, 2]],
    UINT8: [Buffer.from([200, 2]), [200, 2]],
    UINT16: [bytesOf(Uint16Array.of(60_000, 2)), [60_000, 2]],
    UINT32: [bytesOf(Uint32Array.of(4e9, 2)), [4e9, 2]],
    UINT64: [bytesOf(BigUint64Array.of(5n, 2n)), [5, 2]],
    BOOL: [Buffer.from([1, 0]), [1, 0]],
    FP16: [bytesOf(Uint16Array.of(0x3c00, 0xc000)), [1, -2]],
    BF16: [bytesOf(Uint16Array.of(0x3f80, 0xc000)), [1, -2]],
    BYTES: [Buffer.from("abc"), ["abc"]],
  };
  test.for(Object.entries(raw))("has numbers of %s, however its bytes lie", ([datatype, [bytes, data]]) => {
    const outputs = [{ name: "y".repeat(3), datatype, shape: [1, 2] }];
    const message = modelInferResponse.encode({ modelName: "m", outputs, rawOutputContents: [bytes] });
    expect(callAnswer(infer, framed(message))).toEqual({ outputs: [{ ...outputs[0], data }] });
  });

  test("includes elements in typed lists", () => {
    const outputs = [
      { name: "a", datatype: "FP32", shape: [2], contents: { fp32Contents: Float32Array.of(0.25, 2) } },
      { name: "b", datatype: "BYTES", shape: [1], contents: { bytesContents: [Buffer.from("text")] } },
    ];
    expect(callAnswer(infer, framed(modelInferResponse.encode({ outputs })))).toEqual({
      outputs: [
        { name: "a", datatype: "FP32", shape: [2], data: [0.25, 2] },
        { name: "b", datatype: "BYTES", shape: [1], data: ["text"] },
      ],
    });
  });

  test("is not decoded when it is compressed, of another method, or malformed", () => {
    const message = modelInferResponse.encode({ modelName: "m" });
    expect(callAnswer(infer, framed(message, 1))).toBeUndefined();
    expect([callAnswer("/a.B/C", framed(message)), isComparableCall("/a.B/C"), isComparableCall(infer)]).toEqual([
      undefined,
      false,
      true,
    ]);
    expect(() => callAnswer(infer, framed(Buffer.from([0x2a, 9])))).toThrow("it ends in the middle of a value");
  });
});

test("the answer to a call of Predict includes the elements of its content or its lists", () => {
  const dims = [{ size: 1 }, { size: 2 }];
  const outputs = new Map([
    ["content", { dtype: 1, tensorShape: { dim: dims }, tensorContent: bytesOf(Float32Array.of(0.5, 1.5)) }],
    ["floats", { dtype: 1, tensorShape: { dim: dims }, floatVal: Float32Array.of(0.5, 1.5) }],
    ["halves", { dtype: 19, tensorShape: { dim: dims }, halfVal: Int32Array.of(0x3c00, 0xc000) }],
    ["longs", { dtype: 9, tensorShape: { dim: dims }, int64Val: BigInt64Array.of(7n, -7n) }],
  ]);
  expect(callAnswer(predict, framed(predictResponse.encode({ outputs })))).toEqual({
    outputs: [
      { name: "content", datatype: "FP32", shape: [1, 2], data: [0.5, 1.5] },
      { name: "floats", datatype: "FP32", shape: [1, 2], data: [0.5, 1.5] },
      { name: "halves", datatype: "FP16", shape: [1, 2], data: [1, -2] },
      { name: "longs", datatype: "INT64", shape: [1, 2], data: [7, -7] },
    ],
  });
});
