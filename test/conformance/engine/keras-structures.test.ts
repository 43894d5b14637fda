import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultSignature } from "../../../runtime/dataplane/signature.ts";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";
import { memorySource } from "../../../runtime/model/formats/byte-source.ts";
import { loadIntoEngine } from "../../../runtime/model/formats/engine-choice.ts";
import { readArchive, readH5 } from "../../../runtime/model/formats/keras/keras-file.ts";
import { difference, type Fixture, structureFixtures, tensorsFor } from "./fixtures.ts";

/** The first engine that supports the model. */
async function answers({ path, inputs }: Fixture): Promise<readonly Tensor[]> {
  const file = { name: basename(path), source: memorySource(readFileSync(path)), maxWeightBytes: 2 ** 30 };
  const definition = await (path.endsWith(".keras") ? readArchive(file) : readH5(file));
  const model = await loadIntoEngine(definition, { engine: "Auto", threads: 1 });
  try {
    const signature = model.signatures.get(defaultSignature) ?? { inputs: [], outputs: [] };
    return await model.infer(tensorsFor(signature, inputs), defaultSignature);
  } finally {
    model.unload();
  }
}

describe("models with strings, masks and nested models compute the same as Keras", () => {
  it.each(structureFixtures())("for $title", async (fixture) => {
    const outputs = await answers(fixture);
    expect(outputs.map(({ shape }) => shape)).toEqual(fixture.outputs.map(({ shape }) => shape));
    const excesses = outputs.map((output, i) => {
      const want = fixture.outputs[i] ?? { shape: [], data: [] };
      return difference(output, want, fixture.tolerance).excess;
    });
    expect(excesses).toEqual(fixture.outputs.map(() => 0));
  });
});
