import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { packageFiles } from "../../../charts/images/packages.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const { resolve } = createRequire(import.meta.url);
const parts = ["core", "layers", "backend-cpu", "backend-wasm"].map((part) => `@tensorflow/tfjs-${part}`);

/** Packages of which images contain only what Node loads, and the file that the runtime's import resolves to. */
const loaded = parts.map((name) => ({ name, path: resolve(name) }));

test.each(loaded)("the image has the file of $name that Node loads", ({ name, path }) => {
  expect(packageFiles(root, [name])).toContain(path.slice(root.length));
});
