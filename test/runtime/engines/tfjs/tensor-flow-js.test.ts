import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import type * as Core from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../../runtime/dataplane/tensor.ts";
import type { LoadedModel } from "../../../../runtime/engines/engine.ts";
import { tensorFlowJs } from "../../../../runtime/engines/tfjs/tensor-flow-js.ts";
import { memorySource } from "../../../../runtime/model/formats/byte-source.ts";
import { readH5 } from "../../../../runtime/model/formats/keras/keras-file.ts";
import { fixtureFolder } from "../../../fixtures/archive.ts";

const tf = createRequire(import.meta.url)("@tensorflow/tfjs-core") as typeof Core; // the instance that the engine uses

async function load(file: string): Promise<LoadedModel> {
  const path = join(fixtureFolder("keras-models"), file);
  const source = memorySource(readFileSync(path));
  return tensorFlowJs.load(await readH5({ name: basename(path), source, maxWeightBytes: 2 ** 30 }));
}

function digits(rows: number): Tensor {
  return { dtype: "float32", shape: [rows, 64], data: new Float32Array(rows * 64).fill(0.5) };
}

describe("the TensorFlow.js engine", () => {
  it("describes the model kinds that it accepts", () => {
    const accepts = ["keras-layers", "tensorflow-graph"];
    expect(tensorFlowJs.describe()).toEqual({ name: "TensorFlowJs", accepts });
  });

  it("leaks no tensor in a thousand calls", async () => {
    const model = await load("simple_model/v1/k2.h5");
    await model.infer([digits(3)]);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 1000; i++) await model.infer([digits(1 + (i % 4))]);
    expect(tf.memory().numTensors).toBe(before);
    model.unload();
  });

  it("frees a model's tensors on unload, once", async () => {
    const empty = tf.memory().numTensors;
    const model = await load("text/k2.h5");
    expect(tf.memory().numTensors).toBeGreaterThan(empty);
    model.unload();
    model.unload();
    expect(tf.memory().numTensors).toBe(empty);
    expect(() => model.infer([])).toThrow("the model has been unloaded");
  });

  it("leaks no tensor of a failed call", async () => {
    const model = await load("text/k2.h5");
    const before = tf.memory().numTensors;
    const tokens: Tensor = { dtype: "int32", shape: [1, 12], data: new Int32Array(12).fill(1000) };
    expect(() => model.infer([tokens])).toThrow("is not in [0, 99]");
    expect(tf.memory().numTensors).toBe(before);
    model.unload();
  });

  it("returns an empty output for an empty batch", async () => {
    const model = await load("simple_model/v1/k2.h5");
    expect(await model.infer([digits(0)])).toEqual([{ dtype: "float32", shape: [0, 10], data: new Float32Array() }]);
    model.unload();
  });

  it("serves two models side by side", async () => {
    const [one, two] = await Promise.all([load("simple_model/v1/k2.h5"), load("simple_model/v2/k2.h5")]);
    const first = await one.infer([digits(1)]);
    const second = await two.infer([digits(1)]);
    expect(await one.infer([digits(1)])).toEqual(first);
    expect(second).not.toEqual(first);
    one.unload();
    expect(await two.infer([digits(1)])).toEqual(second);
    two.unload();
  });
});
