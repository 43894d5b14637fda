import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../runtime/base/clock.ts";
import { silentLog } from "../../runtime/base/log.ts";
import { defaultBatching } from "../../runtime/dataplane/served-model.ts";
import { requestWarmUp } from "../../runtime/request-warm-up.ts";
import { startModel } from "../../runtime/model/start-model.ts";
import { modelRegistry } from "../../runtime/model/registry.ts";
import { exampleMessage } from "../../runtime/protocols/tensorflow-serving/examples/example-message.ts";
import { regressionRequest } from "../../runtime/protocols/tensorflow-serving/rpc/api-messages.ts";
import { logFields, predicting, recordRequests } from "../builders/recorded-requests.ts";
import { fixtureFolder } from "../fixtures/archive.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-warm-up-"));
  await cp(join(fixtureFolder("graph-models"), "half_plus_two", "00000124"), folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Outcome {
  readonly state: string;
  /** Rows of each batch that ran through the queue. */
  readonly rows: readonly number[];
  readonly fault?: string;
}

/** Loads the model with these warm-up bodies and those recorded in its folder. */
async function outcome(bodies: readonly string[]): Promise<Outcome> {
  const rows: number[] = [];
  const entry = modelRegistry().add("half_plus_two", 1);
  const onBatch = (batch: { readonly rows: number }): number => rows.push(batch.rows);
  const clock = systemClock;
  const serving = { name: "half_plus_two", version: 1, batching: defaultBatching, clock, onBatch };
  const order = { path: folder, load: {}, warmsUp: false, warmUp: requestWarmUp(bodies, clock), serving, clock };
  try {
    const { served } = await startModel(entry, { ...order, log: silentLog });
    await served.drain();
    return { state: entry.state, rows };
  } catch (thrown) {
    return { state: entry.state, rows, fault: String(thrown) };
  }
}

const example = exampleMessage.encode({
  features: { feature: new Map([["x", { floatList: { value: Float32Array.of(2) } }]]) },
});
const regressing = regressionRequest.encode({
  modelSpec: { name: "recorded_elsewhere", signatureName: "regress_x_to_y" },
  input: { exampleList: { examples: [example, example, example] } },
});

describe("warm-up requests", () => {
  test("are bodies of :predict that run before the model is ready", async () => {
    expect(await outcome(['{"instances":[1,2]}', '{"inputs":{"x":[1]}}'])).toEqual({ state: "Ready", rows: [2, 1] });
  });

  test("fail the load of a model that refuses them", async () => {
    expect(await outcome(['{"instances":[1]}', '{"instances":["one"]}'])).toEqual({
      state: "Warming",
      rows: [1],
      fault: expect.stringMatching(
        /^WarmUpRefused: spec\.serving\.warmup\.requests\[1\] fails: .*not of expected type: float/,
      ),
    });
  });

  test("recorded in a SavedModel run by any method and under any model name, as in TensorFlow Serving", async () => {
    await recordRequests(folder, [
      [logFields.predict, predicting([1, 2, 3, 4])],
      [logFields.regress, regressing],
    ]);
    expect(await outcome([])).toEqual({ state: "Ready", rows: [4, 3] });
  });

  test("recorded in a SavedModel fail the load when one fails, as in TensorFlow Serving", async () => {
    await recordRequests(folder, [[logFields.predict, predicting([1], "pixels")]]);
    expect(await outcome([])).toMatchObject({
      state: "Warming",
      fault: expect.stringMatching(/^WarmUpRefused: recorded warm-up request 1 \(Predict\) fails: .*pixels/),
    });
  });
});
