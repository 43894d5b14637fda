import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../runtime/base/clock.ts";
import { silentLog } from "../../runtime/base/log.ts";
import { goldenLimits } from "../../runtime/contract/golden-requests.ts";
import { defaultBatching } from "../../runtime/dataplane/served-model.ts";
import { recordedGoldenRequests } from "../../runtime/golden-requests.ts";
import { startModel, type ReadyModel } from "../../runtime/model/start-model.ts";
import { modelRegistry } from "../../runtime/model/registry.ts";
import { predictRequest, regressionRequest } from "../../runtime/protocols/tensorflow-serving/rpc/api-messages.ts";
import { tensorflowServing } from "../../runtime/protocols/tensorflow-serving/tensorflow-serving.ts";
import { logFields, predicting, recordRequests } from "../builders/recorded-requests.ts";
import { fixtureFolder } from "../fixtures/archive.ts";

let folder: string;
let registry: ReturnType<typeof modelRegistry>;
let ready: ReadyModel | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-golden-"));
});
afterEach(async () => {
  await ready?.served.drain();
  ready = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** A ready model of the fixtures with these requests recorded in its folder. */
async function served(
  path: readonly string[],
  requests: readonly (readonly [field: number, request: Uint8Array])[],
): Promise<ReadyModel> {
  await cp(join(fixtureFolder("graph-models"), ...path), folder, { recursive: true });
  if (requests.length > 0) await recordRequests(folder, requests);
  registry = modelRegistry();
  const entry = registry.add("model", 1);
  const serving = { name: "model", version: 1, batching: defaultBatching, clock: systemClock, onBatch: () => {} };
  ready = await startModel(entry, {
    path: folder,
    load: {},
    warmsUp: false,
    serving,
    clock: systemClock,
    log: silentLog,
  });
  return ready;
}

async function predict(line: string): Promise<unknown> {
  const { request } = JSON.parse(line) as { request: unknown }; // what the function tells
  const { body } = await tensorflowServing(registry).answer({
    method: "POST",
    target: "/v1/models/model:predict",
    headers: {},
    body: Buffer.from(JSON.stringify(request)),
    signal: new AbortController().signal,
    deadline: Number.POSITIVE_INFINITY,
  });
  return JSON.parse(String(body));
}

const twoVersions = ["half_plus_two", "00000124"];

describe("requests recorded in a SavedModel", () => {
  test("become bodies of :predict that the model answers", async () => {
    const model = await served(twoVersions, [
      [logFields.predict, predicting([1, -0.1, 3e38])],
      [logFields.regress, regressionRequest.encode({ modelSpec: { name: "m" } })],
      [logFields.predict, predicting([Number.MAX_SAFE_INTEGER])],
    ]);
    const lines = (await recordedGoldenRequests(model))?.trimEnd().split("\n") ?? [];
    expect(lines).toEqual([
      '{"request":{"signature_name":"serving_default","inputs":{"x":[1.0,-0.1,3e+38]}}}',
      '{"request":{"signature_name":"serving_default","inputs":{"x":[9.00719925e+15]}}}',
    ]);
    expect(await predict(lines[0] ?? "")).toEqual({
      outputs: [2.5, expect.closeTo(1.95), expect.closeTo(1.5e38, -32)],
    });
  });

  test("have strings as base64", async () => {
    const text = {
      dtype: 7,
      tensorShape: { dim: [{ size: 2 }, { size: 1 }] },
      stringVal: [Buffer.from("good"), Buffer.of(255)],
    };
    const model = await served(["text", "saved_model"], []);
    const input = [...model.served.signatures.values()][0]?.inputs[0]?.name ?? "";
    const request = predictRequest.encode({ modelSpec: { name: "m" }, inputs: new Map([[input, text]]) });
    await recordRequests(folder, [[logFields.predict, request]]);
    expect(await recordedGoldenRequests(model)).toBe(
      `{"request":{"signature_name":"serving_default","inputs":{"${input}":[[{"b64":"Z29vZA=="}],[{"b64":"/w=="}]]}}}\n`,
    );
  });

  test.each<[string, readonly (readonly [field: number, request: Uint8Array])[]]>([
    ["there is no file", []],
    ["none is of Predict", [[logFields.regress, regressionRequest.encode({ modelSpec: { name: "m" } })]]],
    [
      "its signature is gone",
      [[logFields.predict, predictRequest.encode({ modelSpec: { name: "m", signatureName: "gone" } })]],
    ],
  ])("are omitted where %s", async (_, requests) => {
    expect(await recordedGoldenRequests(await served(twoVersions, requests))).toBeUndefined();
  });

  test("are limited to a hundred, and to the size limit", async () => {
    const small = Array.from({ length: 120 }, (_, index) => [logFields.predict, predicting([index])] as const);
    const model = await served(twoVersions, small);
    expect((await recordedGoldenRequests(model))?.trimEnd().split("\n")).toHaveLength(goldenLimits.requests);
    const large = predicting(Array.from({ length: 600_000 }, (_, index) => index / 3));
    await recordRequests(folder, [
      [logFields.predict, predicting([1])],
      [logFields.predict, large],
      [logFields.predict, large],
    ]);
    const text = (await recordedGoldenRequests(model)) ?? "";
    expect([text.trimEnd().split("\n").length, text.length < goldenLimits.bytes]).toEqual([2, true]);
  });
});
