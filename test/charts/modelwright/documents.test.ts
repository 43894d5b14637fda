import { readFile } from "node:fs/promises";

import { describe, expect, test } from "vitest";

import { chartDocuments } from "../../../charts/values/documents.ts";
import { type ValueSchema, valueRows, valuesYaml } from "../../../charts/values/values-printer.ts";

const chart = new URL("../../../charts/modelwright/", import.meta.url);
const text = (name: string): Promise<string> => readFile(new URL(name, chart), "utf8");

describe("the chart's generated files", () => {
  const names = [
    "values.yaml",
    "values.schema.json",
    "templates/crd.yaml",
    "../manifests/crd.yaml",
    "dashboards/modelwright.json",
    "alerts/modelwright.yaml",
    "README.md",
  ];
  test.each(names)("%s is what `npm run generate` prints", async (name) => {
    const documents = chartDocuments(await text("README.md"));
    expect(Object.keys(documents)).toEqual(names);
    expect(await text(name)).toBe(documents[name]);
  });
});

test("values are printed with their meaning and default, in sections", () => {
  const schema: ValueSchema = {
    properties: {
      gateway: {
        description: "The gateway.",
        properties: {
          level: { description: "What it logs.", default: "info", enum: ["info", "warn"] },
          labels: { description: "Labels.", default: { a: "b" } },
        },
      },
      replicas: { description: "Pods.", default: 2 },
      unset: { description: "Has no default: it is not printed." },
    },
  };
  expect(valuesYaml(schema)).toBe(
    [
      "# The gateway.",
      "gateway:",
      "  # What it logs.",
      "  level: info",
      "  # Labels.",
      "  labels:",
      "    a: b",
      "",
      "# Pods.",
      "replicas: 2",
      "",
    ].join("\n"),
  );
  expect(valueRows(schema)).toEqual([
    '| `gateway.level` | `"info"` | What it logs. One of info, warn. |',
    '| `gateway.labels` | `{"a":"b"}` | Labels. |',
    "| `replicas` | `2` | Pods. |",
  ]);
});
