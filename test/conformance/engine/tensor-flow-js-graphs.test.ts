import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { LoadedModel } from "../../../runtime/engines/engine.ts";
import { tensorFlowJs } from "../../../runtime/engines/tfjs/tensor-flow-js.ts";
import { modelFolder } from "../../../runtime/model/formats/model-folder.ts";
import { readSavedModel } from "../../../runtime/model/formats/saved-model/saved-model.ts";
import { readTensorFlowJs } from "../../../runtime/model/formats/tensorflow-js/tensorflow-js-model.ts";
import { difference, separatelyRounded } from "./fixtures.ts";
import { graphFixtures, graphTensors, outputNamed } from "./graph-fixtures.ts";

/** A folder of fixtures to run on in place of those that are kept here: `FIXTURES=<folder> npx vitest run <this file>`. */
const { FIXTURES } = process.env;
const fixtures = graphFixtures(FIXTURES);

/** Reads in this thread; loadModel has tests of its own. */
async function load(path: string): Promise<LoadedModel> {
  const folder = modelFolder(path);
  try {
    const limits = { folder, maxWeightBytes: 2 ** 30 };
    const isSavedModel = existsSync(join(path, "saved_model.pb"));
    return await tensorFlowJs.load(isSavedModel ? readSavedModel(limits) : readTensorFlowJs(limits));
  } finally {
    folder.close();
  }
}

const largest: string[] = [];
afterAll(() => {
  if (FIXTURES !== undefined) process.stdout.write(`largest differences\n${largest.join("\n")}\n`);
});

describe("the TensorFlow.js engine answers like TensorFlow", () => {
  it.each(fixtures)("for $title", async (fixture) => {
    const model = await load(fixture.path);
    try {
      const signature = model.signatures.get(fixture.signature) ?? { inputs: [], outputs: [] };
      const outputs = await model.infer(graphTensors(signature, fixture.inputs), fixture.signature);
      const found = [...fixture.outputs].map(([name, want], i) => {
        const got = outputNamed(outputs, signature.outputs, name, i);
        const rounded = separatelyRounded({ title: fixture.title }, want);
        const { excess, largest } = got === undefined ? missing : difference(got, rounded, fixture.tolerance);
        return { name, shape: got?.shape, excess, largest };
      });
      largest.push(`${fixture.title}: ${Math.max(...found.map(({ largest }) => largest))}`);
      const want = [...fixture.outputs].map(([name, { shape }]) => ({ name, shape, excess: 0 }));
      expect(found.map(({ name, shape, excess }) => ({ name, shape, excess }))).toEqual(want);
    } finally {
      model.unload();
    }
  });

  it("for as many models as there are", () => {
    expect(fixtures.length).toBeGreaterThanOrEqual(FIXTURES === undefined ? 45 : 1);
  });
});

const missing = { excess: Number.POSITIVE_INFINITY, largest: Number.POSITIVE_INFINITY };
