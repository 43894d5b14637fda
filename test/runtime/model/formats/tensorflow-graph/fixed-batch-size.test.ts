import { describe, expect, it } from "vitest";
import type { Signature, TensorSpec } from "../../../../../runtime/dataplane/signature.ts";
import type { Tensor } from "../../../../../runtime/dataplane/tensor.ts";
import {
  fixedBatchSize,
  withAnyBatchSize,
  runInFixedBatches,
} from "../../../../../runtime/model/formats/tensorflow-graph/fixed-batch-size.ts";

const spec = (...shape: readonly number[]): TensorSpec => ({ name: "t", dtype: "float32", shape });
const signature = (input: readonly number[], output: readonly number[]): Signature => ({
  inputs: [spec(...input)],
  outputs: [spec(...output)],
});

describe("a graph with a fixed batch size", () => {
  it.each<[string, Signature, number | undefined]>([
    ["32 rows in, 32 out", signature([32, 4], [32, 2]), 32],
    ["any rows", signature([-1, 4], [-1, 2]), undefined],
    ["the outputs have another number of rows", signature([32, 4], [1, 2]), undefined],
    ["a list goes in, which need not be rows", signature([32], [32, 2]), undefined],
    ["one number comes out", signature([32, 4], []), undefined],
    ["no rows", signature([0, 4], [0, 2]), undefined],
  ])("follows from its signature: %s", (_, given, want) => {
    expect(fixedBatchSize(given)).toBe(want);
  });

  it("accepts any number of rows from clients", () => {
    const given: Signature = { ...signature([32, 4], [32, 2]), method: "classify" };
    expect(withAnyBatchSize(given)).toEqual({ ...signature([-1, 4], [-1, 2]), method: "classify" });
  });

  const rows = (count: number): Tensor => ({
    dtype: "float32",
    shape: [count, 1],
    data: Float32Array.from({ length: count }, (_, i) => i + 1),
  });
  const names = (count: number): Tensor => ({
    dtype: "string",
    shape: [count],
    data: Array.from({ length: count }, (_, i) => Uint8Array.of(i)),
  });

  it.each([1, 2, 3, 4, 7])(
    "runs %i rows in batches of 3, filled up with zeros, waiting for each where it has to",
    async (count) => {
      for (const waits of [false, true]) {
        const batches: (readonly number[])[] = [];
        const run = (inputs: readonly Tensor[]): readonly Tensor[] | Promise<readonly Tensor[]> => {
          batches.push(Array.from(inputs[0]?.data ?? [], Number));
          return waits ? Promise.resolve(inputs) : inputs;
        };
        const answer = await runInFixedBatches([rows(count), names(count)], 3, run);
        expect(answer).toEqual([rows(count), names(count)]);
        expect(batches.every((batch) => batch.length === 3)).toBe(true);
        expect(batches.flat()).toEqual([
          ...rows(count).data,
          ...Array.from({ length: batches.length * 3 - count }, () => 0),
        ]);
      }
    },
  );
});
