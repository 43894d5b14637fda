import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundledFiles } from "../../../charts/images/bundle.ts";
import { programs } from "../../../charts/images/program-image.ts";
import { eventually } from "../../builders/eventually.ts";
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

  test("fetches a model in a thread, beside the one that serves", async () => {
    const model = await readFile(digits.model);
    const server = createServer((_, response) => response.end(model));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/model.h5`;
    const place = await mkdtemp(join(tmpdir(), "modelwright-bundled-"));
    const next = {
      revision: "B",
      version: "2",
      path: "model.h5",
      format: "Auto",
      fetch: { MODELWRIGHT_SOURCE_URL: url },
    };
    await writeFile(join(place, "models"), JSON.stringify([next]));
    const env = { MODELWRIGHT_REVISION: "A", MODELWRIGHT_IN_PLACE_FOLDER: place, TMPDIR: place };
    const serving = await startServe(digits.model, env, [join(folder, "main.js")]);
    try {
      const { revision } = await serving.line("model fetched");
      expect(revision).toBe("B");
      await eventually(
        async () => JSON.stringify(await (await fetch(`${serving.admin}/model`)).json()),
        (facts) => facts.includes('"inPlace":{"serving":"A","loaded":["A","B"]}'),
      );
    } finally {
      serving.child.kill("SIGTERM");
      expect((await serving.ended).code).toBe(0);
      server.close();
      await rm(place, { recursive: true });
    }
  });

  test("has one file for serving and one for code shared by all commands, both in Latin-1", async () => {
    const files = await readdir(folder);
    expect(files.filter((name) => /^(?:serve|serve-fetch-gateway)-[\w-]{8}\.js$/.test(name)).length).toBe(3);
    expect(files.length).toBeLessThan(80);
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "latin1")));
    expect(texts.filter((text) => /[^\0-\x7f]/.test(text))).toEqual([]);
  });
});
