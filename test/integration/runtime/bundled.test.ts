import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundledFiles } from "../../../charts/images/bundle.ts";
import { programs } from "../../../charts/images/program-image.ts";
import { digits, predict, probabilities, rows, startServe } from "./program.ts";

const root = join(import.meta.dirname, "../../..");
/** Below the repository root, where Node finds the packages. */
const folder = join(root, "dist", "bundles", `test-${process.pid}`);
const sourceOf = (built: string): string => join(root, built.replace(/^dist\/(.*)\.js$/, "$1.ts"));

beforeAll(async () => {
  const {
    main,
    threads,
    bundle: { commands, inlined },
  } = programs.runtime;
  await bundledFiles({
    main: sourceOf(main),
    threads: threads.map(sourceOf),
    commands: Object.fromEntries(Object.entries(commands).map(([command, files]) => [command, files.map(sourceOf)])),
    inlined,
    folder,
  });
});
afterAll(() => rm(folder, { recursive: true }));

async function predicted(engine: string): Promise<readonly unknown[]> {
  const serving = await startServe(digits.model, { MODELWRIGHT_ENGINE: engine }, [join(folder, "main.js")]);
  try {
    const ready = await serving.line("model ready");
    const { status, body } = await predict(serving, JSON.stringify({ instances: rows }));
    const { predictions } = body as { predictions: number[][] }; // compared number by number here
    const differences = predictions.flat().map((value, i) => Math.abs(value - (probabilities.flat()[i] ?? Number.NaN)));
    return [status, ready["engine"], Math.max(...differences) <= 1e-5];
  } finally {
    serving.child.kill("SIGTERM");
    expect((await serving.ended).code).toBe(0);
  }
}

describe("the bundled runtime, as in its image", () => {
  test("parses a Keras file in the parser thread and predicts as Keras does", async () => {
    expect(await predicted("Auto")).toEqual([200, "OnnxRuntime/cpu", true]);
  });

  test("finds the packages that are not bundled", async () => {
    expect(await predicted("TensorFlowJs")).toEqual([200, "TensorFlowJs/wasm", true]);
  });

  test("has one file for serving and one for code shared by all commands, both in Latin-1", async () => {
    const files = await readdir(folder);
    expect(files.filter((name) => /^(?:serve|serve-fetch-gateway)-[\w-]{8}\.js$/.test(name)).length).toBe(3);
    expect(files.length).toBeLessThan(80);
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "latin1")));
    expect(texts.filter((text) => /[^\0-\x7f]/.test(text))).toEqual([]);
  });
});
