import { readFile, readdir } from "node:fs/promises";

import { expect, test } from "vitest";

import { readYaml } from "../../../crds/schema/yaml.ts";
import { modelDeploymentDefinition } from "../../../crds/v1alpha1/definition.ts";
import { generatedDocuments } from "../../../crds/v1alpha1/documents.ts";

const folder = new URL("../../../crds/generated/", import.meta.url);

test("the committed documents are what the schema generates", async () => {
  const names = await readdir(folder);
  const texts = await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, folder), "utf8")]));
  expect(Object.fromEntries(texts)).toEqual(generatedDocuments());
});

test("the YAML of the definition parses to the definition", () => {
  const text = generatedDocuments()["modelwright.dev_modeldeployments.yaml"] ?? "";
  expect(readYaml(text, "crd.yaml")).toEqual([modelDeploymentDefinition]);
});

test("the JSON of the definition is small enough for the API server and for kubectl's annotation", () => {
  expect(JSON.stringify(modelDeploymentDefinition).length).toBeLessThan(64 * 1024);
});

test("the reference has a row for every field of spec and status", () => {
  const reference = generatedDocuments()["reference.md"] ?? "";
  const paths = [...fieldPaths(modelDeploymentDefinition.spec.versions[0].schema.openAPIV3Schema, "")];
  const missing = paths.filter((path) => /^(spec|status)/.test(path) && !reference.includes(`| \`${path}\` |`));
  expect(missing).toEqual([]);
  expect(paths.length).toBeGreaterThan(90);
});

test("the editor schema disallows unknown fields everywhere except in metadata and affinity", () => {
  const text = generatedDocuments()["model-deployment.schema.json"] ?? "";
  const open: string[] = [];
  const visit = (node: unknown, path: string) => {
    if (typeof node !== "object" || node === null) return;
    const { type, additionalProperties } = Object(node);
    if (type === "object" && additionalProperties === undefined) open.push(path);
    for (const [name, member] of Object.entries(node)) visit(member, `${path}/${name}`);
  };
  visit(JSON.parse(text), "");
  const affinity = "/properties/spec/properties/scheduling/properties/affinity";
  expect(open.sort()).toEqual(["/properties/metadata", affinity]);
});

function* fieldPaths(schema: unknown, path: string): Generator<string> {
  const { properties = {}, items } = Object(schema);
  for (const [name, member] of Object.entries(properties)) {
    const inside = path === "" ? name : `${path}.${name}`;
    yield inside;
    yield* fieldPaths(member, inside);
  }
  if (items?.properties !== undefined) {
    yield `${path}[]`;
    yield* fieldPaths(items, `${path}[]`);
  }
}
