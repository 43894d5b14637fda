import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Fault } from "../../../../runtime/base/fault.ts";
import { defaultLoadLimits, loadModel, type ModelFormat } from "../../../../runtime/model/formats/load-model.ts";
import { fixtureFolder } from "../../../fixtures/archive.ts";

const folder = mkdtempSync(join(tmpdir(), "load-model-"));
const models = fixtureFolder("keras-models");
afterAll(() => rmSync(folder, { recursive: true }));

async function refusal(path: string, format: ModelFormat = "Auto", limits = defaultLoadLimits): Promise<string> {
  return loadModel(path, format, limits).then(
    () => "it loaded",
    (thrown: unknown) => `${Fault.from(thrown).code}: ${Fault.from(thrown).sentence}`,
  );
}

describe("loadModel", () => {
  it("says what a model is, whatever its file is called", async () => {
    const { format, model } = await loadModel(join(models, "cnn/k2.keras"));
    expect({ format, signature: model.signatures.get("serving_default"), engine: model.engine }).toEqual({
      format: "keras-zip",
      engine: "TensorFlowJs/wasm",
      signature: {
        inputs: [{ name: "image", dtype: "float32", shape: [-1, 16, 16, 3] }],
        outputs: [
          { name: "label", dtype: "float32", shape: [-1, 5] },
          { name: "box", dtype: "float32", shape: [-1, 4] },
        ],
      },
    });
    model.unload();
  });

  it("names a missing file", async () => {
    const path = join(folder, "nowhere.h5");
    expect(await refusal(path)).toBe(`ModelFileMissing: no model file at ${path}; check the path in spec.model.source`);
  });

  it("does not read a folder", async () => {
    expect(await refusal(folder)).toBe(
      `ModelFileUnreadable: the model file ${folder} cannot be read: it is not a file`,
    );
  });

  it("shows how a file begins that is no model", async () => {
    const path = join(folder, "page");
    writeFileSync(path, "<html>404</html>");
    expect(await refusal(path)).toBe(
      'ModelFormatUnknown: page is no model file: it begins with "<html>404</html>"; must be a Keras .h5 or .keras file; save it with model.save(path), and check that the download is the file and not an error page',
    );
  });

  it("refuses formats that it does not serve", async () => {
    expect(await refusal(folder, "Onnx")).toBe(
      "ModelFormatUnsupported: models of format Onnx are not served; must be one of Auto, Keras; save the model as a Keras .h5 or .keras file",
    );
  });

  it("refuses a file above the size limit before it is opened", async () => {
    const limits = { ...defaultLoadLimits, maxModelBytes: 1000 };
    expect(await refusal(join(models, "simple_model/v1/k2.h5"), "Keras", limits)).toBe(
      "ModelTooLarge: k2.h5: 44064 bytes; must be at most 1000; raise the memory limit in spec.resources, or check that the file is what it should be",
    );
  });

  it("gives up on a file that takes too long to read", async () => {
    const limits = { ...defaultLoadLimits, parseTimeoutMs: 1 };
    expect(await refusal(join(models, "simple_model/v1/k2.h5"), "Keras", limits)).toBe(
      "ModelParseTimeout: reading k2.h5 took longer than 1 ms; check that the file is what it should be",
    );
  });

  const subclassed = (name: string): string =>
    `SubclassedModel: the model is of the Python class ${name}: its call() is not in the file; export it with model.export(path) and serve the SavedModel`;
  const weightsOnly = (file: string): string =>
    `KerasConfigMissing: ${file} holds weights but no model: it has no model_config; save the whole model with model.save(path), not its weights only`;
  it.each([
    ["model.h5", subclassed("SimpleModel")],
    ["model.keras", subclassed("SimpleModel")],
    ["k2.keras", subclassed("SimpleModelKeras2")],
    ["model.weights.h5", weightsOnly("model.weights.h5")],
    ["k2.weights.h5", weightsOnly("k2.weights.h5")],
  ])("says why the subclassed %s cannot be served", async (file, want) => {
    expect(await refusal(join(models, "simple_model/subclassed", file))).toBe(want);
  });
});
