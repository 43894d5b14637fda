import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { InferTarget } from "../dataplane/infer.ts";
import { signatureName } from "../dataplane/signature.ts";
import type { Models } from "../protocols/protocol.ts";
import type { VersionLabels } from "./serve-figures.ts";

/** What TensorFlow Serving calls the way to use a signature. */
export type SignatureApi = "Predict" | "Classify" | "Regress";

/** Told of each request that reached a model: how long from its admission to its outputs, and why there are none. */
export type ToldInference = (durationMs: number, fault?: Fault) => void;

/** What counts the inferences of a version by one way to use it. */
export type Recorder = (version: VersionLabels, api: SignatureApi) => ToldInference;

const apis = { classify: "Classify", regress: "Regress" } as const;

/** The same models, each of whose inferences is told. */
export function observedModels(models: Models, clock: Clock, recorder: Recorder): Models {
  const observed = new WeakMap<InferTarget, InferTarget>();
  return {
    ...models,
    find: (reference) => {
      const target = models.find(reference);
      if (target === undefined) return undefined;
      const known = observed.get(target) ?? observedTarget(target, clock, recorder);
      observed.set(target, known);
      return known;
    },
  };
}

function observedTarget(target: InferTarget, clock: Clock, recorder: Recorder): InferTarget {
  const { name, version, signatures } = target;
  const recorders = new Map<string | undefined, ToldInference>();
  const recorderOf = (signature: string | undefined): ToldInference => {
    const method = signatures.get(signatureName(signatures, signature))?.method;
    const told = recorder({ model: name, version }, method === undefined ? "Predict" : apis[method]);
    // Any name may be asked for.
    if (signature === undefined || signatures.has(signature)) recorders.set(signature, told);
    return told;
  };
  return {
    name,
    version,
    signatures,
    refusal: () => {
      const fault = target.refusal?.();
      if (fault !== undefined) (recorders.get(undefined) ?? recorderOf(undefined))(0, fault);
      return fault;
    },
    ...(target.statistics === undefined ? {} : { statistics: target.statistics.bind(target) }),
    run: (inputs, terms) => {
      const start = clock.monotonic();
      const told = recorders.get(terms.signature) ?? recorderOf(terms.signature);
      const answer = target.run(inputs, terms);
      // Whoever waits for the outputs is called after this: what they have seen is counted.
      answer.then(
        () => told(clock.monotonic() - start),
        (thrown: unknown) => told(clock.monotonic() - start, Fault.from(thrown)),
      );
      return answer;
    },
  };
}
