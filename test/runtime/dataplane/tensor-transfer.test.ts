import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { receivedTensor, tensorTransfer } from "../../../runtime/dataplane/tensor-transfer.ts";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";

/** The tensors as another thread receives them. */
function received(tensors: readonly Tensor[]): readonly Tensor[] {
  const { tensors: sent, transferList } = tensorTransfer(tensors, false);
  return structuredClone(sent, { transfer: [...transferList] }).map(receivedTensor);
}

describe("tensors posted to another thread", () => {
  it("transfer no memory but their own", () => {
    const request = new Float32Array(1000).fill(7);
    const view: Tensor = { dtype: "float32", shape: [10], data: request.subarray(100, 110) };
    const { tensors, transferList } = tensorTransfer([view], true);
    expect(tensors).toEqual([view]);
    expect(transferList.map(({ byteLength }) => byteLength)).toEqual([40]);
  });

  it("are not copied when the caller gives them up and they own their buffer", () => {
    const own: Tensor = { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, 2n) };
    expect(tensorTransfer([own], true).transferList).toEqual([own.data.buffer]);
  });

  it("are copied when the caller keeps them", () => {
    const kept: Tensor = { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, 2n) };
    const { transferList } = tensorTransfer([kept], false);
    expect(transferList[0]).not.toBe(kept.data.buffer);
  });

  it("keep their strings, also when they are posted again", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (data) => {
        const texts: Tensor = { dtype: "string", shape: [data.length], data };
        const there = received([texts]);
        expect(there).toEqual([texts]);
        expect(received(there)).toEqual([texts]);
        expect(there).toEqual([texts]);
      }),
    );
  });

  it("pack all strings into two buffers", () => {
    const data = Array.from({ length: 1000 }, (_, i) => Buffer.from(`text ${i}`));
    expect(tensorTransfer([{ dtype: "string", shape: [1000], data }], false).transferList).toHaveLength(2);
  });
});
