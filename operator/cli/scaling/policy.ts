import { type AutoscalerState, decide } from "../../autoscale/decision.ts";
import { type Policy, policyOf } from "../../autoscale/policy.ts";
import type { Sample } from "../../autoscale/sample.ts";
import { faults } from "../faults.ts";
import { autoscaledModel } from "./autoscaled-model.ts";
import type { PolicyOptions } from "./options.ts";
import { amount, listOf, number, optional, record, wholeNumber, validationError } from "../../signals/validation.ts";

/** What holds instead of the manifest's values; a model of which nothing is known begins with it. */
interface Init {
  readonly slots?: number;
  readonly min?: number;
  readonly max?: number;
  readonly coldStartSeconds?: number;
  readonly kappa?: number;
  readonly lateAfterSeconds?: number;
}

/** A line that is no init and no end. */
interface Moment {
  readonly now: number;
  /** Null as absent: no gateway answered. */
  readonly samples?: object | null;
  readonly current: number;
}

interface Line extends Partial<Moment> {
  readonly init?: object;
  readonly end?: boolean;
}

/** Without a manifest, and where the first line says nothing of it. */
const assumedMax = 10;

/**
 * `modelwright policy`: answers one line of JSON per line of samples, so that any simulator can drive our policy. Ends after
 * `{"end":true}` and with the input. Throws `LineNotUnderstood`, `NotValid`, `NoAutoscaling` and the faults of reading files.
 */
export async function answerSamples(
  { manifest }: PolicyOptions,
  lines: AsyncIterable<string>,
  print: (line: string) => void,
): Promise<void> {
  const model = manifest === undefined ? undefined : autoscaledModel(manifest, print);
  const declared = policyOf(model?.autoscaling ?? { max: assumedMax });
  let policy = declared;
  let state: AutoscalerState | undefined;
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() === "") continue;
    const told = read(text, line);
    if (told.end === true) return;
    if (told.init !== undefined) {
      policy = begun(declared, told, line);
      state = undefined;
      print(JSON.stringify({ name: "modelwright" }));
      continue;
    }
    const decision = decide({ spec: policy, ...observed(told, line), state });
    ({ state } = decision);
    print(JSON.stringify({ desired: decision.desired, why: decision.why }));
  }
}

function read(text: string, line: number): Line {
  try {
    const value: unknown = JSON.parse(text);
    if (record.holds(value)) return value as Line; // its members are checked before they are used
  } catch (thrown) {
    throw faults.LineNotUnderstood({ number: line, cause: "is not JSON" }, thrown);
  }
  throw faults.LineNotUnderstood({ number: line, cause: "is not an object" });
}

/** As many as `spec.autoscaling.max` may say. */
const mostReplicas = 10_000;
const momentKinds = { now: number, current: wholeNumber(0, mostReplicas) } as const;
const sampleKinds = {
  arrivals: amount,
  completions: amount,
  serviceSeconds: amount,
  inFlight: amount,
  queued: amount,
  oldestWait: amount,
  ready: amount,
  pending: amount,
  draining: amount,
  coldStarts: optional(listOf(amount)),
  seconds: optional(amount),
} as const;

function observed(told: Line, line: number): Omit<Moment, "samples"> & { readonly samples: Sample | undefined } {
  const { samples } = told;
  demand(validationError(told, momentKinds), line);
  const { now, current } = told as Moment; // checked above
  if (samples === undefined || samples === null) return { now, current, samples: undefined };
  demand(validationError(told, { samples: record }) ?? validationError(samples, sampleKinds, "samples."), line);
  return { now, current, samples: { coldStarts: [], ...samples } as unknown as Sample }; // checked above
}

/** Those of `init` that a policy has; the simulator's own, as tickSeconds, are its own matter. */
const initKinds = {
  slots: optional(wholeNumber(1, mostReplicas)),
  min: optional(wholeNumber(0, mostReplicas)),
  max: optional(wholeNumber(1, mostReplicas)),
  coldStartSeconds: optional(amount),
  kappa: optional(amount),
  lateAfterSeconds: optional(amount),
} as const;

/** The policy that an init begins with. */
function begun(declared: Policy, told: Line, line: number): Policy {
  demand(validationError(told, { init: record }) ?? validationError(told.init ?? {}, initKinds, "init."), line);
  const given = Object.entries(told.init ?? {}).filter(([name]) => Object.hasOwn(initKinds, name));
  const policy: Policy = { ...declared, ...(Object.fromEntries(given) as Init) }; // checked above
  const { min, max } = policy;
  demand(min > max ? `begins with a min of ${min} above the max of ${max}` : undefined, line);
  return policy;
}

function demand(cause: string | undefined, line: number): void {
  if (cause !== undefined) throw faults.LineNotUnderstood({ number: line, cause });
}
