import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { programLayers } from "../../../charts/images/program-image.ts";

const clone = {
  "package.json": "{}",
  "package-lock.json": JSON.stringify({
    packages: {
      "": {},
      "node_modules/client": { dependencies: { shared: "1", "@types/node": "24" } },
      "node_modules/client/node_modules/shared": { dependencies: { leaf: "1" } },
      "node_modules/shared": {},
      "node_modules/leaf": {},
      "node_modules/@types/node": {},
      "node_modules/resolved": {},
      "node_modules/tester": {},
    },
  }),
  "node_modules/client/index.js": "",
  "node_modules/client/index.d.ts": "",
  "node_modules/client/index.js.map": "",
  "node_modules/client/LICENSE": "",
  "node_modules/client/README.md": "",
  "node_modules/client/node_modules/shared/index.js": "",
  "node_modules/shared/index.js": "",
  "node_modules/leaf/kernel.wasm": "",
  [`node_modules/leaf/bin/napi-v6/${process.platform}/${process.arch}/library.so.1`]: "",
  "node_modules/leaf/bin/napi-v6/plan9/x64/library.so.1": "",
  "node_modules/@types/node/index.js": "",
  "node_modules/resolved/package.json": "",
  "node_modules/tester/index.js": "",
  "dist/operator/main.js": `/** {@link import("../test/fake.js")} */\nimport { loop } from "./loop/loop.js";`,
  "dist/operator/loop/loop.js": `import "node:fs";\nexport const loop = async () => await import("client/sub");\nrequire.resolve("resolved/package.json");\nexport const texts = ["where it comes from",\n  "and where to"];`,
  "dist/operator/cli/start.js": `import "tester";`,
} as const;

describe("the image of a program", () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "modelwright-program-"));
    for (const [path, text] of Object.entries(clone)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  test("has what the program imports and their dependencies, and nothing else", async () => {
    const [, packages = [], own = []] = await programLayers(root, "operator");
    const files = [...packages, ...own].filter(({ kind }) => kind === "file").map(({ path }) => path);
    expect(files).toEqual([
      "app/node_modules/client/LICENSE",
      "app/node_modules/client/index.js",
      "app/node_modules/client/node_modules/shared/index.js",
      `app/node_modules/leaf/bin/napi-v6/${process.platform}/${process.arch}/library.so.1`,
      "app/node_modules/leaf/kernel.wasm",
      "app/node_modules/resolved/package.json",
      "app/dist/operator/loop/loop.js",
      "app/dist/operator/main.js",
      "app/package.json",
    ]);
  });

  test("has the running Node and the libraries it is linked to", async () => {
    const [node = []] = await programLayers(root, "operator");
    const paths = node.map(({ path }) => path);
    expect(paths).toContain("usr/local/bin/node");
    expect(paths.some((path) => path.endsWith("/libc.so.6"))).toBe(true);
    expect(node).toContainEqual({ kind: "folder", path: "tmp", mode: 0o1777 });
  });

  test("has the files of all threads, which are started by name", () => {
    const folder = join(import.meta.dirname, "../../../runtime");
    const starting = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
      (path) => path.endsWith(".ts") && readFileSync(join(folder, path), "utf8").includes("new Worker("),
    );
    expect(starting).toEqual(["base/threads/program-threads.ts"]);
  });

  test("cannot be made of a program that is not built", async () => {
    await expect(programLayers(root, "runtime")).rejects.toThrow(
      `${join(root, "dist/runtime/model/formats/parser.js")} does not exist; it must be built before an image is made: npm run build`,
    );
  });
});
