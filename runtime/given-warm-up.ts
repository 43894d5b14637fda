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
 * Runs the requests that are given for a model before it is ready, through the protocols that they are written in: bodies of
 * `:predict`, and those that TensorFlow Serving has recorded in the model's folder. Throws `WarmUpRefused` for the first that
 * fails, as TensorFlow Serving does.
 */
export function givenWarmUp(bodies: readonly string[], clock: Clock): WarmUp {
  return async (target, file) => {
    const models = onlyModel(target);
    const terms = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY };
    for (const [i, body] of bodies.entries()) {
      const request = { method: "POST", target: `/v1/models/${target.name}:predict`, headers: {}, ...terms };
      const { fault } = await tensorflowServing(models).answer({ ...request, body: Buffer.from(body) });
      if (fault !== undefined) throw refusal(`spec.serving.warmup.requests[${i}]`, fault);
    }
    const recorded = file.kind === "folder" ? await recordedRequests(file.path) : [];
    const { methods } = predictionService(models);
    for (const [i, { method, request }] of recorded.entries()) {
      const called = methods[method];
      if (called?.kind !== "unary") continue;
      const deadline = clock.monotonic() + longestRecordedMs;
      await called.answer(Buffer.from(request), { ...terms, deadline }).catch((thrown: unknown) => {
        throw refusal(`recorded warm-up request ${i + 1} (${method})`, Fault.from(thrown));
      });
    }
  };
}

const longestRecordedMs = 60_000;

function refusal(what: string, fault: Fault): Fault {
  return faults.WarmUpRefused({ what, reason: fault.message }, fault);
}

/** A model that is not ready, for requests that may name it in any way. */
function onlyModel(target: InferTarget): Models {
  return {
    names: () => [target.name],
    find: () => target,
    hasLabel: () => true,
    versions: () => [{ version: target.version, state: "Warming" }],
    isReady: () => false,
  };
}
