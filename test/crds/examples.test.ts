import { describe, expect, test } from "vitest";

import { issueText } from "../../crds/schema/structural/issue.ts";
import { isJsonObject } from "../../crds/schema/structural/structural-schema.ts";
import { readYaml } from "../../crds/schema/yaml.ts";
import { admittedModelDeployment } from "../../crds/v1alpha1/validation.ts";
import { examples, invalidExamples } from "./examples.ts";

function modelDeploymentsIn(text: string, file: string) {
  return readYaml(text, file)
    .filter((document) => isJsonObject(document))
    .filter(({ kind }) => kind === "ModelDeployment");
}

describe("examples", async () => {
  test.each(await examples())("$file is explained in its first line and valid", ({ file, text }) => {
    expect(text).toMatch(/^# [A-Z].{20,}\.\n/);
    const found = modelDeploymentsIn(text, file);
    expect(found.length).toBeGreaterThan(0);
    for (const object of found) {
      const { unknownFields, issues } = admittedModelDeployment(object);
      expect({ unknownFields, issues }).toEqual({ unknownFields: [], issues: [] });
    }
  });

  test.each(await invalidExamples())("invalid/$file is refused with its first line", ({ file, text, message }) => {
    const [object = {}] = modelDeploymentsIn(text, file);
    const { unknownFields, issues } = admittedModelDeployment(object);
    const lines = [...unknownFields.map((path) => `unknown field "${path}"`), ...issues.map(issueText)];
    expect(lines).toContain(message);
  });

  test("the digits example contains a complete Keras file", async () => {
    const digits = (await examples()).find(({ file }) => file === "digits.yaml");
    const [configMap] = readYaml(digits?.text ?? "", "digits.yaml");
    const file = Buffer.from(String(Object(configMap).binaryData["simple_model.h5"]), "base64");
    expect(file.subarray(1, 4).toString("latin1")).toBe("HDF");
    expect(file).toHaveLength(111_624);
  });
});
