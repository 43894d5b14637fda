import { expect, test } from "vitest";
import { systemClock } from "../../../runtime/base/clock.ts";
import { serveModel } from "../../../runtime/dataplane/served-model.ts";
import { soleSignature } from "../../../runtime/dataplane/signature.ts";
import type { LoadedModel } from "../../../runtime/engines/engine.ts";
import { modelRegistry } from "../../../runtime/model/registry.ts";
import { openInference } from "../../../runtime/protocols/open-inference/open-inference.ts";
import type { Models, Protocol } from "../../../runtime/protocols/protocol.ts";
import { tensorflowServing } from "../../../runtime/protocols/tensorflow-serving/tensorflow-serving.ts";

const value = { name: "x", dtype: "float32", shape: [-1] } as const;

/** A model that runs nothing, with room for one request. */
function fullable(): { readonly models: Models; readonly fill: () => void } {
  const loaded: LoadedModel = {
    engine: "Silent",
    signatures: soleSignature({ inputs: [value], outputs: [value] }),
    weightBytes: 0,
    infer: () => new Promise(() => {}),
    unload: () => {},
  };
  const batching = { maxBatchSize: 1, maxQueued: 1, maxDelayMs: 0 };
  const served = serveModel(loaded, { name: "m", version: 1, batching, clock: systemClock });
  const models = modelRegistry();
  const entry = models.add("m", 1);
  for (const event of ["fetched", "verified"] as const) entry.happen(event);
  entry.load(served);
  entry.happen("warmed");
  const fill = (): void => void served.run([{ dtype: "float32", shape: [1], data: Float32Array.of(1) }], {});
  return { models, fill };
}

const sentence =
  "m has 1 requests waiting, its limit; this one is refused; try again in 1000 ms, or raise spec.replicas";

test.each<readonly [string, (models: Models) => Protocol, string]>([
  ["TensorFlow Serving's", tensorflowServing, "/v1/models/m:predict"],
  [
    "the Open Inference Protocol's",
    (models) => openInference(models, { name: "s", version: "1" }),
    "/v2/models/m/infer",
  ],
])("%s requests are refused beforehand while the queue is full", (_, protocolOf, target) => {
  const { models, fill } = fullable();
  const protocol = protocolOf(models);
  const asked = { method: "POST", target };
  expect(protocol.overload?.(asked)).toBeUndefined();
  fill();
  const answer = protocol.overload?.(asked);
  expect([answer?.status, answer?.headers["retry-after"], answer?.fault?.code]).toEqual([503, "1", "QueueFull"]);
  expect(JSON.parse(String(answer?.body))).toEqual({ error: sentence });
  for (const other of ["/v1/models/other:predict", "/v2/models/other/infer", "/v1/models/m/x", "/v2/models/m"]) {
    expect(protocol.overload?.({ method: "POST", target: other })).toBeUndefined();
  }
  expect(protocol.overload?.({ method: "GET", target: target.replace(/(?::predict|.infer)$/, "") })).toBeUndefined();
});
