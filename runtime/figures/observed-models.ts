import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { InferTarget } from "../dataplane/infer.ts";
import { signatureName } from "../dataplane/signature.ts";
import type { Models } from "../protocols/protocol.ts";
import type { VersionLabels } from "./serve-figures.ts";

/** One request that reached a model: from its admission to its outputs. */
export interface Inference {
  readonly labels: VersionLabels;
  readonly durationMs: number;
  /** What TensorFlow Serving calls the way to use the signature. */
  readonly api: "Predict" | "Classify" | "Regress";
  /** Why there are no outputs. */
  readonly fault?: Fault;
}

const apis = { classify: "Classify", regress: "Regress" } as const;

/** The same models, each of whose inferences is told. */
export function observedModels(models: Models, clock: Clock, ran: (inference: Inference) => void): Models {
  const observed = new WeakMap<InferTarget, InferTarget>();
  return {
    ...models,
    find: (reference) => {
      const target = models.find(reference);
      if (target === undefined) return undefined;
      const known = observed.get(target) ?? observedTarget(target, clock, ran);
      observed.set(target, known);
      return known;
    },
  };
}

function observedTarget(target: InferTarget, clock: Clock, ran: (inference: Inference) => void): InferTarget {
  const { name, version, signatures } = target;
  const labels = { model: name, version };
  return {
    name,
    version,
    signatures,
    refusal: () => {
      const fault = target.refusal?.();
      if (fault !== undefined) ran({ labels, api: "Predict", durationMs: 0, fault });
      return fault;
    },
    ...(target.statistics === undefined ? {} : { statistics: target.statistics.bind(target) }),
    run: (inputs, terms) => {
      const start = clock.monotonic();
      const method = signatures.get(signatureName(signatures, terms.signature))?.method;
      const api = method === undefined ? "Predict" : apis[method];
      const told = (fault?: Fault): void => {
        ran({ labels, api, durationMs: clock.monotonic() - start, ...(fault === undefined ? {} : { fault }) });
      };
      return target.run(inputs, terms).then(
        (outputs) => {
          told();
          return outputs;
        },
        (thrown: unknown) => {
          const fault = Fault.from(thrown);
          told(fault);
          throw fault;
        },
      );
    },
  };
}
