import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Fault } from "../../../../../runtime/base/fault.ts";
import { modelFolder } from "../../../../../runtime/model/formats/model-folder.ts";
import { readTensorFlowJs } from "../../../../../runtime/model/formats/tensorflow-js/tensorflow-js-model.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-model-"));
afterAll(() => rmSync(root, { recursive: true }));

function read(name: string, model: object, weights: Buffer): ReturnType<typeof readTensorFlowJs> {
  const path = join(root, name);
  mkdirSync(path);
  writeFileSync(join(path, "model.json"), JSON.stringify(model));
  writeFileSync(join(path, "w.bin"), weights);
  const folder = modelFolder(path);
  try {
    return readTensorFlowJs({ folder, maxWeightBytes: 1000 });
  } finally {
    folder.close();
  }
}

const type = (name: string): object => ({ type: name });
const graph = (...node: readonly object[]): object => ({ format: "graph-model", modelTopology: { node } });
const x = {
  name: "x",
  op: "Placeholder",
  attr: { dtype: type("DT_FLOAT"), shape: { shape: { dim: [{ size: "-1" }, { size: "2" }] } } },
};
const w = { name: "w", op: "Const", attr: { dtype: type("DT_FLOAT") } };
const product = { name: "y", op: "MatMul", input: ["x", "w"], attr: { T: type("DT_FLOAT"), transpose_b: { b: true } } };
const manifest = (...weights: readonly object[]): object => ({ weightsManifest: [{ paths: ["w.bin"], weights }] });
const ones = Buffer.from(Float32Array.of(1, 2).buffer);

describe("a TensorFlow.js graph model", () => {
  it("without a signature has its placeholders as inputs and its unused results as outputs", () => {
    const weights = manifest({ name: "w", shape: [1, 2], dtype: "float32" });
    expect(read("guessed", { ...graph(x, w, product), ...weights }, ones)).toEqual({
      kind: "tensorflow-graph",
      format: "tfjs-graph",
      signatures: [
        {
          name: "serving_default",
          signature: {
            inputs: [{ name: "x", dtype: "float32", shape: [-1, 2] }],
            outputs: [{ name: "y", dtype: "float32", shape: [], anyShape: true }],
          },
          body: {
            parameterCount: 1,
            nodes: [
              {
                name: "y",
                op: "MatMul",
                inputs: [
                  { from: "parameter", index: 0 },
                  { from: "constant", index: 0 },
                ],
                attributes: new Map<string, unknown>([
                  ["T", "float32"],
                  ["transpose_b", true],
                ]),
                subgraphs: [],
              },
            ],
            results: [{ from: "node", index: 0, output: 0 }],
          },
        },
      ],
      constants: [{ name: "w", tensor: { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 2) } }],
      weightBytes: 8,
    });
  });

  it.each<[string, object, string]>([
    ["lacks a constant's weight", graph(x, w, product), `the value of "w" is not among its weights`],
    [
      "has an attribute that is not a number",
      graph(x, { ...product, attr: { k: { i: "1e3" } } }),
      '"1e3" is not an integer',
    ],
    ["has no nodes", graph(), "it has no outputs"],
    [
      "has a variable",
      graph(x, { name: "v", op: "VarHandleOp" }, { name: "y", op: "Mul", input: ["x", "v"] }),
      'it has a variable "v"; graph models hold constants only',
    ],
  ])("is refused when it %s", (name, model, reason) => {
    const outcome = ((): unknown => {
      try {
        return read(name.replaceAll(/\W/g, "-"), { ...model, ...manifest() }, Buffer.alloc(0));
      } catch (thrown) {
        return Fault.from(thrown).message;
      }
    })();
    expect(outcome).toContain(reason);
  });
});

describe("a TensorFlow.js layers model", () => {
  const dense = (name: string): object => ({
    class_name: "Dense",
    config: { name, units: 1, activation: "linear", use_bias: false },
  });
  const inner = {
    class_name: "Sequential",
    config: {
      name: "inner",
      layers: [{ class_name: "InputLayer", config: { name: "i", batch_input_shape: [null, 2] } }, dense("deep")],
    },
  };
  const layers = {
    class_name: "Sequential",
    config: {
      name: "outer",
      layers: [{ class_name: "InputLayer", config: { name: "x", batch_input_shape: [null, 2] } }, inner],
    },
  };

  it("has the weights of nested models under their paths", () => {
    const weights = manifest({ name: "deep/kernel", shape: [2, 1], dtype: "float32" });
    expect(read("nested", { modelTopology: layers, ...weights }, ones)).toMatchObject({
      kind: "keras-layers",
      format: "tfjs-layers",
      weights: [
        { path: ["inner", "deep"], tensors: [{ name: "deep/kernel", shape: [2, 1], data: Float32Array.of(1, 2) }] },
      ],
    });
  });

  it("is refused when its weights take more than allowed, before they are read", () => {
    const weights = manifest({
      name: "deep/kernel",
      shape: [1000, 1],
      dtype: "float32",
      quantization: { dtype: "uint8", scale: 1, min: 0 },
    });
    expect(() => read("large", { modelTopology: layers, ...weights }, ones)).toThrow(
      "the weights of large: 4000 bytes; must be at most 1000",
    );
  });
});
