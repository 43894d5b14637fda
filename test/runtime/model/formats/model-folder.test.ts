import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { modelFolder } from "../../../../runtime/model/formats/model-folder.ts";

const root = mkdtempSync(join(tmpdir(), "model-folder-"));
afterAll(() => rmSync(root, { recursive: true }));
const model = join(root, "model");
mkdirSync(join(model, "variables"), { recursive: true });
mkdirSync(join(root, "model-beside"));
writeFileSync(join(model, "variables/data-00000"), "weights");
writeFileSync(join(root, "model-beside/secret"), "secret");
symlinkSync("variables/data-00000", join(model, "inner"));
symlinkSync("../model-beside/secret", join(model, "outer"));
symlinkSync("../model-beside", join(model, "sideways"));
symlinkSync(model, join(root, "link"));

describe("a model's folder", () => {
  it.each(["variables/data-00000", "inner"])("gives the file %s", (path) => {
    const folder = modelFolder(join(root, "link"));
    expect(folder.bytes(path, 100).toString()).toBe("weights");
    folder.close();
  });

  const noName = (path: string): string =>
    `the path ${JSON.stringify(path)} does not name a file in the model's folder`;
  it.each([
    ["", noName("")],
    [".", noName(".")],
    ["..", noName("..")],
    ["../model-beside/secret", noName("../model-beside/secret")],
    ["variables/../../model-beside/secret", noName("variables/../../model-beside/secret")],
    ["/etc/passwd", noName("/etc/passwd")],
    [String.raw`..\model-beside\secret`, noName(String.raw`..\model-beside\secret`)],
    ["~/secret", noName("~/secret")],
    ["file:///etc/passwd", noName("file:///etc/passwd")],
    ["%2e%2e/secret", noName("%2e%2e/secret")],
    ["inner\0", noName("inner\0")],
    ["outer", 'the file "outer" is a link out of the folder'],
    ["sideways/secret", 'the file "sideways/secret" is a link out of the folder'],
    ["variables", 'the file "variables" is not a regular file'],
    ["nothing", 'the file "nothing" is missing'],
  ])("refuses %j", (path, message) => {
    const folder = modelFolder(model);
    expect(() => folder.file(path)).toThrow(message);
    folder.close();
  });

  it("refuses to read more than allowed", () => {
    const folder = modelFolder(model);
    expect(() => folder.bytes("inner", 3)).toThrow("inner has 7 bytes; at most 3 are allowed");
    folder.close();
  });
});
