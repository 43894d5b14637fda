import { expect, test } from "vitest";
import { warmUpInputs, warmUpRuns } from "../../../runtime/model/warm-up.ts";

test("a warm-up request has one row of zeros for every input, whatever its type", () => {
  const inputs = warmUpInputs({
    inputs: [
      { name: "image", dtype: "float32", shape: [-1, 2] },
      { name: "fixed", dtype: "int64", shape: [3] },
      { name: "text", dtype: "string", shape: [-1] },
      { name: "wave", dtype: "complex64", shape: [-1, -1] },
      { name: "scalar", dtype: "bool", shape: [] },
    ],
    outputs: [],
  });
  expect(inputs).toEqual([
    { dtype: "float32", shape: [1, 2], data: new Float32Array(2) },
    { dtype: "int64", shape: [3], data: new BigInt64Array(3) },
    { dtype: "string", shape: [1], data: [new Uint8Array(0)] },
    { dtype: "complex64", shape: [1, 1], data: new Float32Array(2) },
    { dtype: "bool", shape: [], data: new Uint8Array(1) },
  ]);
});

test("signatures that take texts are not run: the model may want examples in them", () => {
  const x = { name: "x", dtype: "float32", shape: [-1] } as const;
  const examples = { name: "inputs", dtype: "string", shape: [-1] } as const;
  const runs = warmUpRuns(
    new Map([
      ["serving_default", { inputs: [x], outputs: [x] }],
      ["classify", { inputs: [examples], outputs: [x], method: "classify" as const }],
    ]),
  );
  expect(runs).toEqual([["serving_default", [{ dtype: "float32", shape: [1], data: Float32Array.of(0) }]]]);
});
