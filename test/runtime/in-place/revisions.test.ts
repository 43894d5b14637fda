import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../runtime/base/clock.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { revisions } from "../../../runtime/in-place/revisions.ts";
import type { LoadedModels } from "../../../runtime/loading/loaded-models.ts";
import { serveOptions } from "../../../runtime/options.ts";
import { eventually } from "../../builders/eventually.ts";
import { halfPlus, listed } from "../../integration/runtime/in-place-scene.ts";

let folder: string;
let loaded: LoadedModels;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-revisions-"));
  await writeFile(join(folder, "A.onnx"), await halfPlus(2));
  await writeFile(join(folder, "B.onnx"), await halfPlus(3));
  const env = { MODELWRIGHT_REVISION: "A", MODELWRIGHT_IN_PLACE_FOLDER: folder };
  const options = serveOptions([join(folder, "A.onnx"), "--name", "half"], env);
  const { models, inPlace } = options;
  if (models.kind !== "path" || inPlace === undefined) throw new Error("the options are those of one model");
  const parts = {
    options,
    clock: systemClock,
    log: silentLog,
    env,
    print: () => {},
    metrics: () => undefined,
    isLoopBusy: () => false,
  };
  loaded = revisions(models, { ...inPlace, scratch: folder }, parts);
});
afterEach(async () => {
  loaded.startDraining();
  await loaded.drain();
  await rm(folder, { recursive: true, force: true });
});

async function write(label: string, ...names: readonly string[]): Promise<void> {
  await writeFile(join(folder, "models"), JSON.stringify(names.map((name) => listed(name, "1"))));
  await writeFile(join(folder, "revision"), label);
}

async function reports(serving: string, ...revisions: readonly string[]): Promise<void> {
  await eventually(
    () => loaded.facts()[0]?.inPlace,
    (inPlace) => inPlace?.serving === serving && inPlace.loaded.toSorted().join() === revisions.join(),
  );
}

const four = { dtype: "float32", shape: [1, 1], data: Float32Array.of(4) } as const;

test("a request that found its model before the hand-over is answered by it, though it is let go at once", async () => {
  await write("A", "A", "B");
  await loaded.load();
  await reports("A", "A", "B");
  const found = loaded.models.find({ name: "half" });
  await write("B", "B");
  await reports("B", "B");
  const next = loaded.models.find({ name: "half" });
  const answers = await Promise.all([found?.run([four], {}), next?.run([four], {})]);
  expect(answers.map((outputs) => outputs?.[0]?.data)).toEqual([Float32Array.of(4), Float32Array.of(5)]);
});

test("a model that is let go frees its memory once its requests are answered", async () => {
  await write("A", "A", "B");
  await loaded.load();
  await reports("A", "A", "B");
  const found = loaded.models.find({ name: "half" });
  await write("B", "B");
  await eventually(
    () => found?.refusal?.()?.code,
    (code) => code === "Draining",
  );
  expect(loaded.models.find({ name: "half" })?.refusal?.()).toBeUndefined();
});

test("the state before the start is that of a model whose files are not there yet", () => {
  expect(loaded.models.isReady()).toBe(false);
  expect(loaded.models.isStarting?.()).toBe(true);
  expect(loaded.facts()).toMatchObject([
    { name: "half", version: "1", state: "Fetching", inPlace: { serving: "A", loaded: [] } },
  ]);
});
