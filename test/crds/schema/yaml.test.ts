import { describe, expect, test } from "vitest";

import { readYaml, YamlError, yamlText } from "../../../crds/schema/yaml.ts";
import { yamlCases } from "../yaml-cases.ts";

describe("readYaml", () => {
  // real-api-server.test.ts compares the same table with a real kubectl.
  test.each(Object.entries(yamlCases))("reads %s as kubectl does", (source, want) => {
    expect(readYaml(`- ${source}\n`, "a.yaml")).toEqual([[want]]);
  });

  test("reads several documents and leaves out the empty ones", () => {
    const text = "---\n# nothing here\n---\na: 1\n---\n---\nb: 2\n...\n---\n";
    expect(readYaml(text, "a.yaml")).toEqual([{ a: 1 }, { b: 2 }]);
  });

  test.each(["", "\n", "# only a comment\n", "---\n", "\uFEFF"])("reads %j as no document", (text) => {
    expect(readYaml(text, "a.yaml")).toEqual([]);
  });

  test("reads JSON and text with a byte order mark", () => {
    expect(readYaml('\uFEFF{"a": [1, null]}', "a.json")).toEqual([{ a: [1, null] }]);
  });

  test("merges with <<, where the mapping's own keys take precedence", () => {
    const text = "base: &base {a: 1, b: 2}\nwhole:\n  <<: *base\n  b: 3\n";
    expect(readYaml(text, "a.yaml")).toEqual([{ base: { a: 1, b: 2 }, whole: { a: 1, b: 3 } }]);
  });

  test.each([
    ["a: 1\nb: [1, 2\n", "models/a.yaml:3:1: deficient indentation"],
    ["a: 1\na: 2\n", "models/a.yaml:2:1: duplicated mapping key"],
    ["a: 1\n  b: 2\n", "models/a.yaml:2:4: bad indentation of a mapping entry"],
    ["a: *b\n", 'models/a.yaml:1:5: unidentified alias "b"'],
    ["a: !ruby/object x\n", "models/a.yaml:1:4: unknown scalar tag !<!ruby/object>"],
  ])("names file, line and column of what is wrong in %j", (text, message) => {
    const read = () => readYaml(text, "models/a.yaml");
    expect(read).toThrow(YamlError);
    expect(read).toThrow(message);
  });

  test("refuses aliases that expand exponentially", () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const aliases = Array(100).fill(`*a${level}`).join(",");
      return `a${level + 1}: &a${level + 1} [${aliases}]`;
    });
    expect(() => readYaml(["a0: &a0 x", ...levels].join("\n"), "bomb.yaml")).toThrow(/^bomb\.yaml:\d+:\d+: /);
  });
});

describe("yamlText", () => {
  test("quotes what YAML 1.1 would read as something else", () => {
    const value = {
      texts: ["yes", "0777", "1:20", "2001-01-01", "null", "on", "1e3", "~", "a: b", "# c"],
      n: 1,
      on: true,
    };
    expect(readYaml(yamlText(value), "a.yaml")).toEqual([{ ...value }]);
    expect(yamlText({ a: "yes", b: "plain" })).toBe("a: 'yes'\nb: plain\n");
  });

  test("never folds a long line", () => {
    const text = "word ".repeat(100).trim();
    expect(yamlText({ text })).toBe(`text: ${text}\n`);
  });
});
