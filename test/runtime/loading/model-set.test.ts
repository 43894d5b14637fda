import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../runtime/base/clock.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { type ModelSet, modelSet } from "../../../runtime/loading/model-set.ts";
import { serveOptions } from "../../../runtime/options.ts";
import { digestOf, halfPlus } from "../../integration/runtime/in-place-scene.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-set-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function setAt(path: string): ModelSet {
  const options = serveOptions([path, "--name", "half"], {});
  const parts = {
    options,
    clock: systemClock,
    log: silentLog,
    env: {},
    print: () => {},
    metrics: () => undefined,
    isLoopBusy: () => false,
  };
  return modelSet(options.models, parts);
}

test("a set of one model loads it, describes it and lets it go", async () => {
  const bytes = await halfPlus(2);
  await writeFile(join(folder, "model.onnx"), bytes);
  const set = setAt(join(folder, "model.onnx"));
  await set.load();
  expect(set.facts()).toMatchObject([{ name: "half", version: "1", state: "Ready", digest: digestOf(bytes) }]);
  expect([set.states(), set.stuck(), set.ready()?.sizeBytes]).toEqual([["Ready"], [], bytes.length]);
  await set.drain();
  expect([set.states(), set.ready()]).toEqual([["Unloaded"], undefined]);
});

test("the load of a set whose only model cannot be loaded fails with the model's fault", async () => {
  await expect(setAt(join(folder, "model.onnx")).load()).rejects.toThrow("there is no model at");
});

test("a model that is being loaded when its set is drained is let go when its load ends", async () => {
  await writeFile(join(folder, "model.onnx"), await halfPlus(2));
  const set = setAt(join(folder, "model.onnx"));
  const refused = expect(set.load()).rejects.toThrow();
  await expect.poll(() => set.states(), { interval: 1 }).not.toEqual([]);
  await set.drain();
  await set.loadsEnded();
  await refused;
  expect(set.ready()).toBeUndefined();
  expect(set.models.find({ name: "half" })).toBeUndefined();
});
