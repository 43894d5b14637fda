import { type AutoscalerState, decide } from "../../autoscale/autoscaler.ts";
import { type Policy, policyOf } from "../../autoscale/policy.ts";
import type { Sample } from "../../autoscale/sample.ts";
import { faults } from "../faults.ts";
import { autoscaledModel } from "./autoscaled-model.ts";
import type { PolicyOptions } from "./options.ts";

/** First line: what holds instead of the manifest's values. */
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
  readonly samples?: Sample;
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
  let policy = policyOf(model?.autoscaling ?? { max: assumedMax });
  let state: AutoscalerState | undefined;
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === "") continue;
    const line = read(text, number);
    if (line.end === true) return;
    if (line.init !== undefined) {
      policy = { ...policy, ...overridden(line.init) };
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
  if (typeof now !== "number" || typeof current !== "number") {
    throw faults.LineNotUnderstood({ number, cause: "has no numbers now and current" });
  }
  return { now, current, samples: samples === undefined ? undefined : complete(samples, number) };
}

const figures = ["arrivals", "completions", "serviceSeconds", "inFlight", "queued", "oldestWait"] as const;
const counts = ["ready", "pending", "draining"] as const;

function complete(samples: Sample, number: number): Sample {
  const absent = [...figures, ...counts].find((name) => typeof samples[name] !== "number");
  if (absent !== undefined) throw faults.LineNotUnderstood({ number, cause: `has no number samples.${absent}` });
  return { ...samples, coldStarts: Array.isArray(samples.coldStarts) ? samples.coldStarts : [] };
}

function overridden(init: Init): Partial<Policy> {
  const { slots, min, max, coldStartSeconds, kappa, lateAfterSeconds } = init;
  return {
    ...(slots === undefined ? {} : { slots }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(coldStartSeconds === undefined ? {} : { coldStartSeconds }),
    ...(kappa === undefined ? {} : { kappa }),
    ...(lateAfterSeconds === undefined ? {} : { lateAfterSeconds }),
  };
}
