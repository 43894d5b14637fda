import { type AutoscalerState, decide } from "../../autoscale/decision.ts";
import { type Policy, policyOf } from "../../autoscale/policy.ts";
import type { Sample } from "../../autoscale/sample.ts";
import { faults } from "../faults.ts";
import { autoscaledModel } from "./autoscaled-model.ts";
import type { PolicyOptions } from "./options.ts";

/** What holds instead of the manifest's values; a model of which nothing is known begins with it. */
interface Init {
  readonly slots?: number;
  readonly min?: number;
  readonly max?: number;
  readonly coldStartSeconds?: number;
  readonly kappa?: number;
  readonly lateAfterSeconds?: number;
}

interface Line {
  readonly init?: Init;
  readonly end?: boolean;
  readonly now?: number;
  /** Null as absent: no gateway answered. */
  readonly samples?: Partial<Sample> | null;
  readonly current?: number;
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
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === "") continue;
    const line = read(text, number);
    if (line.end === true) return;
    if (line.init !== undefined) {
      policy = { ...declared, ...overridden(line.init, number) };
      state = undefined;
      print(JSON.stringify({ name: "modelwright" }));
      continue;
    }
    const decision = decide({ spec: policy, ...observed(line, number), state });
    ({ state } = decision);
    print(JSON.stringify({ desired: decision.desired, why: decision.why }));
  }
}

function read(text: string, number: number): Line {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (thrown) {
    throw faults.LineNotUnderstood({ number, cause: "is not JSON" }, thrown);
  }
  throw faults.LineNotUnderstood({ number, cause: "is not an object" });
}

function observed({ now, samples, current }: Line, number: number) {
  if (!isNumber(now) || !isCount(current)) {
    throw faults.LineNotUnderstood({ number, cause: "has no numbers now and current" });
  }
  return { now, current, samples: samples === undefined || samples === null ? undefined : complete(samples, number) };
}

const figures = ["arrivals", "completions", "serviceSeconds", "inFlight", "queued", "oldestWait"] as const;
const counts = ["ready", "pending", "draining"] as const;

function complete(samples: Partial<Sample>, number: number): Sample {
  const absent = [...figures, ...counts].find((name) => !isCount(samples[name]));
  if (absent !== undefined) throw faults.LineNotUnderstood({ number, cause: `has no number samples.${absent}` });
  const { coldStarts = [], seconds } = samples;
  if (!Array.isArray(coldStarts) || !coldStarts.every(isCount)) {
    throw faults.LineNotUnderstood({ number, cause: "has samples.coldStarts that are no list of seconds" });
  }
  if (seconds !== undefined && !isCount(seconds)) {
    throw faults.LineNotUnderstood({ number, cause: "has samples.seconds that are no number" });
  }
  return { ...samples, coldStarts } as Sample; // its figures are checked above
}

/** Those of `init` that a policy has; the simulator's own, as tickSeconds, are its own matter. */
const members = ["slots", "min", "max", "coldStartSeconds", "kappa", "lateAfterSeconds"] as const;

function overridden(init: Init, number: number): Partial<Policy> {
  const given = members.filter((name) => init[name] !== undefined);
  const wrong = given.find((name) => !isCount(init[name]) || (name === "slots" && init[name] === 0));
  if (wrong !== undefined)
    throw faults.LineNotUnderstood({ number, cause: `has init.${wrong} that is no such number` });
  return Object.fromEntries(given.map((name) => [name, init[name]]));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return isNumber(value) && value >= 0;
}
