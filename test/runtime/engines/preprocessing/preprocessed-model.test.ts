import { describe, expect, it } from "vitest";
import { isBatchable } from "../../../../runtime/dataplane/batch.ts";
import { defaultSignature } from "../../../../runtime/dataplane/signature.ts";
import type { LoadedModel } from "../../../../runtime/engines/engine.ts";
import { loadIntoEngine } from "../../../../runtime/model/formats/engine-choice.ts";
import { topology } from "../../../../runtime/model/formats/keras/topology/topology.ts";
import type { Json, JsonObject } from "../../../../runtime/model/formats/keras/topology/json-config.ts";

/** A Sequential with one layer, whose input is strings of shape [rows, 1]. */
function loaded(className: string, options: JsonObject): Promise<LoadedModel> {
  const input = { class_name: "InputLayer", config: { name: "in", batch_shape: [null, 1], dtype: "string" } };
  const layers: readonly Json[] = [input, { class_name: className, config: { name: "look", ...options } }];
  const found = topology({ class_name: "Sequential", config: { name: "m", layers } }, true);
  const { model, inputs, outputNames, preprocessing } = found;
  if (preprocessing === undefined) throw new Error("nothing comes before the engine");
  return loadIntoEngine(
    {
      kind: "keras-layers",
      format: "keras-zip",
      topology: model,
      inputs,
      outputNames,
      weights: [],
      weightBytes: 0,
      preprocessing,
    },
    { engine: "OnnxRuntime", threads: 1 },
  );
}

function texts(...rows: readonly string[]): Parameters<LoadedModel["infer"]>[0] {
  return [{ dtype: "string", shape: [rows.length, 1], data: rows.map((row) => Buffer.from(row)) }];
}

describe("a model with preprocessing steps", () => {
  it("has the signature of the whole model", async () => {
    const model = await loaded("StringLookup", { vocabulary: ["a", "b"], output_mode: "multi_hot" });
    expect(model.signatures.get(defaultSignature)).toEqual({
      inputs: [{ name: "in", dtype: "string", shape: [-1, 1] }],
      outputs: [{ name: "output_0", dtype: "float32", shape: [-1, 3] }],
    });
    model.unload();
  });

  it("refuses a word outside its vocabulary", async () => {
    const model = await loaded("StringLookup", { vocabulary: ["a", "b"], num_oov_indices: 0 });
    expect(() => model.infer(texts("a", "c"))).toThrow(
      'layer "look" does not know "c"; it takes words of its vocabulary only',
    );
    model.unload();
  });

  it("does not batch requests when texts are padded to the longest", async () => {
    const table = { longest: { vocabulary: ["a"] }, fixed: { vocabulary: ["a"], output_sequence_length: 3 } };
    const models = await Promise.all(Object.values(table).map((options) => loaded("TextVectorization", options)));
    const batchable = models.map(({ signatures }) => {
      const signature = signatures.get(defaultSignature);
      return signature !== undefined && isBatchable(signature);
    });
    expect(batchable).toEqual([false, true]);
    for (const model of models) model.unload();
  });
});
