import { createHash } from "node:crypto";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../runtime/base/clock.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { defaultBatching } from "../../../runtime/dataplane/served-model.ts";
import { type StartOptions, startModel } from "../../../runtime/model/start-model.ts";
import { modelRegistry } from "../../../runtime/model/registry.ts";

const path = fileURLToPath(new URL("../../fixtures/digits/model.h5", import.meta.url));
const digest = "sha256:75bea7b77b0639710a529a403cf7347fc4b3b55de2dda0bac0639febdc8208f2";

function order(more: Partial<StartOptions>): StartOptions {
  const serving = { name: "digits", version: 1, batching: defaultBatching, clock: systemClock };
  return { path, load: { format: "Auto" }, warmsUp: true, serving, clock: systemClock, log: silentLog, ...more };
}

describe("starting a model", () => {
  test("passes through every state to ready, and returns the facts of the file", async () => {
    const states: string[] = [];
    const registry = modelRegistry((_name, _version, state) => states.push(state));
    const { served, loadMs, ...facts } = await startModel(registry.add("digits", 1), order({ digest }));
    expect(facts).toEqual({ format: "keras-h5", digest, sizeBytes: 111_624 });
    expect(loadMs).toBeGreaterThan(0);
    expect(states).toEqual(["Fetching", "Verifying", "Loading", "Warming", "Ready"]);
    expect(registry.find({ name: "digits" })).toBe(served);
    await served.drain();
  });

  test("stops at a wrong digest, before the file is read", async () => {
    const states: string[] = [];
    const version = modelRegistry((_name, _version, state) => states.push(state)).add("digits", 1);
    await expect(startModel(version, order({ digest: "0".repeat(64) }))).rejects.toMatchObject({
      code: "DigestMismatch",
    });
    expect(states).toEqual(["Fetching", "Verifying"]);
  });

  test("a folder model has a digest, too", async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "modelwright-bring-up-")));
    await writeFile(join(folder, "saved_model.pb"), "");
    const raising = startModel(modelRegistry().add("digits", 1), order({ path: folder, digest }));
    const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const line = `${empty}  saved_model.pb\n`;
    await expect(raising).rejects.toMatchObject({
      message: `${folder} has digest sha256:${createHash("sha256").update(line).digest("hex")}; expected ${digest}`,
    });
    await rm(folder, { recursive: true });
  });
});
