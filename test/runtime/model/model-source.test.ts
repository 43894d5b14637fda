import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { modelSource } from "../../../runtime/model/model-source.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-source-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the source of models", () => {
  test("a path is one model", async () => {
    const policy = { kind: "all" } as const;
    const at = { kind: "path", path: "a.h5", name: "a", version: 7, policy, format: "Keras" } as const;
    expect(await modelSource(at).models()).toEqual([
      { name: "a", basePath: "a.h5", policy, labels: new Map(), format: "Keras", soleVersion: 7, isFixed: true },
    ]);
  });

  test("a repository is a model for each of its folders", async () => {
    await mkdir(join(folder, "a", "1"), { recursive: true });
    const source = modelSource({ kind: "repository", folder });
    expect(source.folder).toBe(folder);
    expect((await source.models()).map(({ name }) => name)).toEqual(["a"]);
  });

  test("a configuration file is parsed again only when its text has changed", async () => {
    const file = join(folder, "models.config");
    const source = modelSource({ kind: "configuration", file });
    await expect(source.models()).rejects.toMatchObject({
      code: "ConfigurationUnreadable",
      message: expect.stringContaining(`the model configuration ${file} cannot be read: ENOENT`),
    });
    await writeFile(file, 'model_config_list { config { name: "a" base_path: "a" } }');
    const first = await source.models();
    expect(first.map(({ basePath }) => basePath)).toEqual([join(folder, "a")]);
    expect(await source.models()).toBe(first);
    await writeFile(file, "model_config_list {}");
    expect(await source.models()).toEqual([]);
  });
});
