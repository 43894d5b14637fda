import type { Clock } from "./base/clock.ts";
import { Fault } from "./base/fault.ts";
import type { InferTarget } from "./dataplane/infer.ts";
import { faults } from "./model/faults.ts";
import type { WarmUp } from "./model/start-model.ts";
import { recordedRequests } from "./model/warm-up-records.ts";
import type { Models } from "./protocols/protocol.ts";
import { predictionService } from "./protocols/tensorflow-serving/rpc/prediction-service.ts";
import { tensorflowServing } from "./protocols/tensorflow-serving/tensorflow-serving.ts";

/**
 * A warm-up that replays requests through their protocols before a model is ready: the configured `:predict` bodies, then the
 * requests that TensorFlow Serving's `assets.extra` records in the model's folder. Throws `WarmUpRefused` for the first that fails,
 * as TensorFlow Serving does.
 */
export function requestWarmUp(bodies: readonly string[], clock: Clock): WarmUp {
  return async (target, file) => {
    const models = singleModel(target);
    const terms = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY };
    for (const [i, body] of bodies.entries()) {
      const request = { method: "POST", target: `/v1/models/${target.name}:predict`, headers: {}, ...terms };
      const { fault } = await tensorflowServing(models).answer({ ...request, body: Buffer.from(body) });
      if (fault !== undefined) throw refusal(`spec.serving.warmup.requests[${i}]`, fault);
    }
    const recorded = file.kind === "folder" ? await recordedRequests(file.path) : [];
    const { methods } = predictionService(models);
    for (const [i, { method: name, request }] of recorded.entries()) {
      const method = methods[name];
      if (method?.kind !== "unary") continue;
      const deadline = clock.monotonic() + maxRecordedMs;
      await method.answer(Buffer.from(request), { ...terms, deadline }).catch((thrown: unknown) => {
        throw refusal(`recorded warm-up request ${i + 1} (${name})`, Fault.from(thrown));
      });
    }
  };
}

const maxRecordedMs = 60_000;

function refusal(what: string, fault: Fault): Fault {
  return faults.WarmUpRefused({ what, reason: fault.message }, fault);
}

/** A registry of a single model that is not ready yet, which requests may name by any version or label. */
function singleModel(target: InferTarget): Models {
  return {
    names: () => [target.name],
    find: () => target,
    hasLabel: () => true,
    versions: () => [{ version: target.version, state: "Warming" }],
    isReady: () => false,
  };
}
