import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { validate } from "../../../operator/cli/validate.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-validate-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

function linesFor(name: string, text: string): { lines: string[]; fault: string | undefined } {
  const path = join(folder, name);
  writeFileSync(path, text);
  const lines: string[] = [];
  let fault: string | undefined;
  try {
    validate([path], (line) => lines.push(line.replaceAll(folder, "")));
  } catch (thrown) {
    fault = thrown instanceof Error ? thrown.message.replaceAll(folder, "") : String(thrown);
  }
  return { lines, fault };
}

const deployment = (spec: string): string =>
  `apiVersion: modelwright.dev/v1alpha1\nkind: ModelDeployment\nmetadata: {name: a}\nspec: ${spec}\n`;
const source = "{model: {source: {configMap: {name: m, key: m.h5}}}}";

describe("validate", () => {
  const cases: Record<string, [string, string, ReturnType<typeof linesFor>]> = {
    "a valid ModelDeployment": [
      "a.yaml",
      deployment(source),
      { lines: ["/a.yaml: ModelDeployment default/a: valid"], fault: undefined },
    ],
    "another kind is named and left to the API server": [
      "b.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n",
      { lines: ["/b.yaml: ConfigMap default/m: not checked (only ModelDeployments are)"], fault: undefined },
    ],
    "an unknown field": [
      "c.yaml",
      deployment("{modle: {}, model: {source: {configMap: {name: m, key: m.h5}}}}"),
      { lines: ['/c.yaml: ModelDeployment default/a: unknown field "spec.modle"'], fault: "1 object is not valid" },
    ],
    "text that is not YAML, with line and column": [
      "d.yaml",
      "a: [1\n",
      { lines: [expect.stringMatching(/^\/d\.yaml:\d+:\d+: [a-z]/)], fault: "1 object is not valid" },
    ],
    "an object without a name": [
      "e.yaml",
      "kind: ConfigMap\n",
      {
        lines: ["/e.yaml: an object has no apiVersion and no metadata.name"],
        fault: "1 object is not valid",
      },
    ],
    "the items of a List": [
      "f.yaml",
      "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}]\n",
      { lines: ["/f.yaml: ConfigMap default/x: not checked (only ModelDeployments are)"], fault: undefined },
    ],
  };
  for (const [sentence, [name, text, want]] of Object.entries(cases))
    test(sentence, () => expect(linesFor(name, text)).toEqual(want));

  test("a file that is not there is named", () => {
    expect(() => validate([join(folder, "none.yaml")], () => {})).toThrow(
      `${join(folder, "none.yaml")} cannot be read: there is no such file`,
    );
  });

  test("a folder without manifests is named", () => {
    const empty = mkdtempSync(join(folder, "empty-"));
    expect(() => validate([empty], () => {})).toThrow(`${empty} holds no .yaml, .yml or .json file`);
  });
});
