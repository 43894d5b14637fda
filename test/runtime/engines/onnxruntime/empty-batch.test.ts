import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../../runtime/dataplane/tensor.ts";
import { loadIntoEngine } from "../../../../runtime/model/formats/engine-choice.ts";
import { loadModel } from "../../../../runtime/model/formats/load-model.ts";
import { readers } from "../../../../runtime/model/formats/readers.ts";
import { layerFixtures } from "../../../conformance/engine/fixtures.ts";
import { fixtureFolder } from "../../../fixtures/archive.ts";

const noTokens: Tensor = { dtype: "int32", shape: [0, 12], data: new Int32Array() };

describe("an empty batch", () => {
  it.each([
    ["text/k2.h5", "keras-models"],
    ["text/model.onnx", "onnx-models"],
  ] as const)("is answered without ONNX Runtime, whose recurrent operators would crash: %s", async (path, archive) => {
    const { model } = await loadModel(join(fixtureFolder(archive), path), { engine: "OnnxRuntime", threads: 1 });
    expect(await model.infer([noTokens])).toEqual([{ dtype: "float32", shape: [0, 3], data: new Float32Array() }]);
    model.unload();
  });

  it("is answered by every layer", async () => {
    const models = layerFixtures().served.filter(({ title }) => title.endsWith("(keras3-keras)"));
    const wrong: string[] = [];
    for (const { title, path } of models) {
      // Read on this thread: a hundred models are read in the time that one thread takes to start.
      const definition = await readers["keras-zip"].read({ path, format: "keras-zip", maxModelBytes: 2 ** 30 });
      const model = await loadIntoEngine(definition, { engine: "Auto", threads: 1 });
      const { inputs = [], outputs = [] } = model.signatures.get("serving_default") ?? {};
      if (inputs.every(({ shape }) => shape[0] === -1) && outputs.every(({ shape }) => !shape.slice(1).includes(-1))) {
        const tensors = inputs.map(({ dtype, shape }): Tensor => {
          const sizes = [0, ...shape.slice(1).map((size) => Math.max(size, 1))];
          return dtype === "int32"
            ? { dtype, shape: sizes, data: new Int32Array() }
            : { dtype: "float32", shape: sizes, data: new Float32Array() };
        });
        const answer = await model.infer(tensors);
        if (answer.some(({ shape }) => shape[0] !== 0)) wrong.push(title);
      }
      model.unload();
    }
    expect(wrong).toEqual([]);
  }, 60_000);

  it("does not include rows without elements, which are refused", async () => {
    const { model } = await loadModel(join(fixtureFolder("onnx-models"), "text/model.onnx"), { threads: 1 });
    const nothing: Tensor = { dtype: "int32", shape: [2, 0], data: new Int32Array() };
    expect(() => model.infer([nothing])).toThrow("an input has no elements, which this model does not take");
    model.unload();
  });
});
