import { describe, expect, test } from "vitest";

import type { StructuralSchema } from "../../../crds/schema/structural/structural-schema.ts";
import { modelDeploymentDefinition, modelDeploymentSchema } from "../../../crds/v1alpha1/definition.ts";

interface Node {
  readonly path: string;
  readonly schema: StructuralSchema;
}

function* nodes(schema: StructuralSchema, path = ""): Generator<Node> {
  yield { path, schema };
  for (const [name, member] of Object.entries(schema.properties ?? {})) yield* nodes(member, `${path}.${name}`);
  if (schema.items !== undefined) yield* nodes(schema.items, `${path}[]`);
  const { additionalProperties } = schema;
  if (typeof additionalProperties === "object") yield* nodes(additionalProperties, `${path}{}`);
}

const all = [...nodes(modelDeploymentSchema)];
const pathsWhere = (test: (schema: StructuralSchema) => boolean) =>
  all.filter(({ schema }) => test(schema)).map(({ path }) => path);

describe("the printed schema", () => {
  test("has a type everywhere, or int-or-string instead", () => {
    const bare = pathsWhere((schema) => (schema.type === undefined) === !schema["x-kubernetes-int-or-string"]);
    expect(bare).toEqual([]);
    expect(all.length).toBeGreaterThan(100);
  });

  test("describes everything except metadata, which the API server describes", () => {
    expect(pathsWhere((schema) => !schema.description?.endsWith("."))).toEqual([".apiVersion", ".kind", ".metadata"]);
  });

  test("has no keyword that structural schemas forbid", () => {
    const keywords = new Set(all.flatMap(({ schema }) => Object.keys(schema)));
    const forbidden = [
      "$ref",
      "anyOf",
      "oneOf",
      "allOf",
      "not",
      "patternProperties",
      "rules",
      "assumed",
      "uniqueItems",
    ];
    expect(forbidden.filter((keyword) => keywords.has(keyword))).toEqual([]);
    expect(pathsWhere(({ properties, additionalProperties }) => !!properties && !!additionalProperties)).toEqual([]);
  });

  test("bounds every list, map and string, so that rules stay cheap", () => {
    const unbounded = all.filter(({ schema }) => {
      if (schema.type === "array") return schema.maxItems === undefined;
      if (schema.type === "string") return (schema.maxLength ?? schema.enum ?? schema.format) === undefined;
      return schema.additionalProperties !== undefined && schema.maxProperties === undefined;
    });
    expect(unbounded.map(({ path }) => path)).toEqual([".apiVersion", ".kind"]);
  });

  test("has no fractional bound, since the API server ignores the fraction for whole values", () => {
    const isFractional = (bound: number | undefined) => bound !== undefined && !Number.isInteger(bound);
    expect(pathsWhere(({ minimum, maximum }) => isFractional(minimum) || isFractional(maximum))).toEqual([]);
  });

  test("declares for every list how its entries are merged", () => {
    expect(pathsWhere((schema) => schema.type === "array" && !schema["x-kubernetes-list-type"])).toEqual([]);
    const keyed = all.filter(({ schema }) => schema["x-kubernetes-list-type"] === "map");
    for (const { schema } of keyed) {
      expect(schema.items?.required).toEqual(expect.arrayContaining([...(schema["x-kubernetes-list-map-keys"] ?? [])]));
    }
    expect(keyed.map(({ path }) => path)).toEqual([
      ".spec.autoscaling.schedules",
      ".spec.podOverlay.imagePullSecrets",
      ".spec.podOverlay.env",
      ".spec.podOverlay.volumes",
      ".status.conditions",
      ".status.failedRevisions",
    ]);
  });

  test("writes enumerations in PascalCase", () => {
    const values = all.flatMap(({ schema }) => schema.enum ?? []);
    expect(values.filter((value) => !/^[A-Z][A-Za-z]+$/.test(String(value)))).toEqual([]);
    // kubectl reads these words as booleans.
    expect(values.filter((value) => /^(y|yes|no?|on|off|true|false)$/i.test(String(value)))).toEqual(["True", "False"]);
  });

  test("has two defaults that the API server writes: replicas for /scale, and a status that says unobserved", () => {
    expect(pathsWhere((schema) => schema.default !== undefined)).toEqual([".spec.replicas", ".status"]);
  });
});

test("the definition has the names, columns and subresources of the product page", () => {
  const { names, versions, scope } = modelDeploymentDefinition.spec;
  expect({ names, scope }).toEqual({
    names: {
      kind: "ModelDeployment",
      listKind: "ModelDeploymentList",
      plural: "modeldeployments",
      singular: "modeldeployment",
      shortNames: ["mwd"],
      categories: ["ml"],
    },
    scope: "Namespaced",
  });
  const [version] = versions;
  expect(version.subresources).toEqual({
    status: {},
    scale: {
      specReplicasPath: ".spec.replicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    },
  });
  const columns = version.additionalPrinterColumns.map(({ name, priority = 0 }) => `${name} ${priority}`);
  expect(columns).toEqual([
    "Ready 0",
    "Strategy 0",
    "Stable 0",
    "Candidate % 0",
    "Replicas 0",
    "URL 0",
    "Age 0",
    "Reason 1",
    "Digest 1",
    "GPU 1",
  ]);
});
