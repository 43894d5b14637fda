import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { receivedTensor, tensorTransfer } from "../../../runtime/dataplane/tensor-transfer.ts";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";

/** The tensors on the other side of a thread. */
function moved(tensors: readonly Tensor[]): readonly Tensor[] {
  const { tensors: sent, transferList } = tensorTransfer(tensors, false);
  return structuredClone(sent, { transfer: [...transferList] }).map(receivedTensor);
}

describe("tensors that move to a thread", () => {
  it("take along no memory but their own", () => {
    const request = new Float32Array(1000).fill(7);
    const view: Tensor = { dtype: "float32", shape: [10], data: request.subarray(100, 110) };
    const { tensors, transferList } = tensorTransfer([view], true);
    expect(tensors).toEqual([view]);
    expect(transferList.map(({ byteLength }) => byteLength)).toEqual([40]);
  });

  it("are not copied when they own what they move", () => {
    const own: Tensor = { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, 2n) };
    expect(tensorTransfer([own], true).transferList).toEqual([own.data.buffer]);
  });

  it("are copied when somebody else still reads them", () => {
    const lent: Tensor = { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, 2n) };
    const { transferList } = tensorTransfer([lent], false);
    expect(transferList[0]).not.toBe(lent.data.buffer);
  });

  it("have the same texts there, and again when they go on", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (data) => {
        const texts: Tensor = { dtype: "string", shape: [data.length], data };
        const there = moved([texts]);
        expect(there).toEqual([texts]);
        expect(moved(there)).toEqual([texts]);
        expect(there).toEqual([texts]);
      }),
    );
  });

  it("move all their texts in two pieces of memory", () => {
    const data = Array.from({ length: 1000 }, (_, i) => Buffer.from(`text ${i}`));
    expect(tensorTransfer([{ dtype: "string", shape: [1000], data }], false).transferList).toHaveLength(2);
  });
});
