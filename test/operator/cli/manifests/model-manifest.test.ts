import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { admittedModelDeployment } from "../../../../crds/v1alpha1/validation.ts";
import { modelManifest } from "../../../../operator/cli/manifests/model-manifest.ts";

describe("modelManifest", () => {
  test("serves a model file under its own name, from a claim that stands in for its folder", () => {
    expect(modelManifest("/home/ada/simple_model.h5", false)).toEqual({
      object: {
        apiVersion: "modelwright.dev/v1alpha1",
        kind: "ModelDeployment",
        metadata: { name: "simple-model", namespace: "default" },
        spec: {
          model: {
            name: "simple_model",
            source: { persistentVolumeClaim: { claimName: "simple-model-files", path: "simple_model.h5" } },
          },
          replicas: 1,
        },
      },
      claimName: "simple-model-files",
      folder: "/home/ada",
    });
  });

  const names: Record<string, [string, string, string]> = {
    "spaces and umlauts give way": ["/m/Größe 2.keras", "gr-e-2", "Gr_e_2"],
    "a name that begins with a digit gets a prefix": ["/m/2024.h5", "model-2024", "2024"],
    "what is no letter or digit does not end a name": ["/m/My digits (new).keras", "my-digits-new", "My_digits_new"],
    "a name of nothing usable still has one": ["/m/___.h5", "model", "model"],
    "a long name is cut": [`/m/${"a".repeat(60)}.h5`, "a".repeat(40), "a".repeat(60)],
  };
  for (const [sentence, [path, name, wire]] of Object.entries(names))
    test(sentence, () => {
      const { metadata, spec } = modelManifest(path, false).object;
      expect([metadata.name, spec.model.name]).toEqual([name, wire]);
    });

  test("any file name gives a valid manifest", () => {
    const grapheme = fc.constantFrom("a", "Z", "0", ".", "_", "-", " ", "(", "ü", "模", "'");
    fc.assert(
      fc.property(fc.array(grapheme, { minLength: 1, maxLength: 140 }), (letters) => {
        const { object } = modelManifest(`/m/${letters.join("")}.h5`, false);
        expect(admittedModelDeployment({ ...object })).toMatchObject({ issues: [], unknownFields: [] });
      }),
    );
  });

  test("refuses a file that is not a model, and lists the endings of model files", () => {
    expect(() => modelManifest("/m/notes.txt", false)).toThrow(
      "/m/notes.txt is not a model file; expected a folder, or a file that ends in .h5, .hdf5, .keras, .onnx",
    );
  });
});
