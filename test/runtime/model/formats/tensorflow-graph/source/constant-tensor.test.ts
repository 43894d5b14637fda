import { describe, expect, it } from "vitest";
import type { Draft } from "../../../../../../runtime/base/protobuf/message.ts";
import type { Tensor } from "../../../../../../runtime/dataplane/tensor.ts";
import { constantTensor } from "../../../../../../runtime/model/formats/tensorflow-graph/source/constant-tensor.ts";
import {
  type TensorProto,
  tensorProto,
} from "../../../../../../runtime/model/formats/tensorflow-graph/source/graph-proto.ts";

function decoded(draft: Draft<TensorProto>, ...shape: readonly number[]): Tensor {
  const dim = shape.map((size) => ({ size: BigInt(size) }));
  const proto = tensorProto.decode(tensorProto.encode({ tensorShape: { dim }, ...draft }));
  return constantTensor(proto, { leftBytes: 1000 });
}

describe("a constant of a graph", () => {
  it.each<[string, Draft<TensorProto>, readonly number[], Tensor["data"]]>([
    ["its bytes", { dtype: 1, tensorContent: Buffer.from(Float32Array.of(1, 2).buffer) }, [2], Float32Array.of(1, 2)],
    ["its elements", { dtype: 1, floatVal: [1, 2] }, [2], Float32Array.of(1, 2)],
    ["its last element for all that follow", { dtype: 3, intVal: [1, 7] }, [2, 2], Int32Array.of(1, 7, 7, 7)],
    ["nothing, which is zeros", { dtype: 1 }, [2], Float32Array.of(0, 0)],
    ["64-bit integers", { dtype: 9, int64Val: [-5n] }, [], BigInt64Array.of(-5n)],
    ["halves", { dtype: 19, halfVal: [0x3c00] }, [1], Uint16Array.of(0x3c00)],
    ["truths", { dtype: 10, boolVal: [true, false] }, [2], Uint8Array.of(1, 0)],
    ["texts", { dtype: 7, stringVal: [Buffer.from("a")] }, [2], [Uint8Array.of(97), Uint8Array.of(97)]],
    ["none at all", { dtype: 1 }, [0, 3], new Float32Array()],
  ])("is read from %s", (_, draft, shape, data) => {
    expect(decoded(draft, ...shape)).toMatchObject({ shape, data });
  });

  it.each<[string, Draft<TensorProto>, readonly number[], string]>([
    [
      "fewer bytes than its shape",
      { dtype: 1, tensorContent: Buffer.alloc(4) },
      [2],
      "a value of shape [2] takes 8 bytes; it has 4",
    ],
    ["more elements than its shape", { dtype: 1, floatVal: [1, 2, 3] }, [2], "a value of 2 elements has 3"],
    [
      "an element for 4 TiB",
      { dtype: 1, floatVal: [1] },
      [2 ** 20, 2 ** 20],
      "its constants take more memory than a file of this size may ask for",
    ],
    [
      "a text for 2^40",
      { dtype: 7, stringVal: [Buffer.from("a")] },
      [2 ** 20, 2 ** 20],
      "its constants take more memory than a file of this size may ask for",
    ],
    ["no definite shape", { dtype: 1 }, [-1], "a value has no definite shape"],
    ["a resource", { dtype: 20 }, [], "it holds a value of type resource"],
    [
      "40 dimensions",
      { dtype: 1 },
      Array.from({ length: 40 }, () => 1),
      "a shape has 40 dimensions; at most 32 are allowed",
    ],
  ])("is refused with %s", (_, draft, shape, message) => {
    expect(() => decoded(draft, ...shape)).toThrow(message);
  });

  it("limits the total expansion of all constants", () => {
    const budget = { leftBytes: 1000 };
    const proto = tensorProto.decode(
      tensorProto.encode({ dtype: 1, floatVal: [1], tensorShape: { dim: [{ size: 200n }] } }),
    );
    expect(constantTensor(proto, budget).data).toHaveLength(200);
    expect(() => constantTensor(proto, budget)).toThrow("its constants take more memory");
  });
});
