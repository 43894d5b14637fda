import { parseArgs } from "node:util";
import { generatedTrace, isGeneratorName } from "../../../operator/autoscale/simulator/generators.ts";
import type { Trace } from "../../../operator/autoscale/simulator/trace.ts";
import { traceNames, vectorTrace } from "../../operator/autoscale/vectors.ts";
import type { Conditions } from "./cells.ts";
import { heldOutTrace, heldOutTraces, isHeldOutName } from "./held-out.ts";
import { mixture } from "./mixtures.ts";

/** The traces and conditions of an autoscaling benchmark. */
export interface Selection {
  /** Generated one by one, as they are large. */
  readonly traces: Iterable<Trace>;
  readonly conditions: readonly Conditions[];
  readonly mins: readonly number[];
  readonly kappas: readonly number[];
}

/**
 * Reads the flags --traces, --starts, --slowdowns, --mins and --kappas; `absent` has the defaults of the last two. Traces are those
 * with published figures, NAME:SEED of a generator, a held-out family or mixture, and held-out:SEED for all held-out families.
 */
export function selection(absent: { readonly mins: string; readonly kappas: string }): Selection {
  const { values } = parseArgs({
    options: {
      traces: { type: "string", default: traceNames.join(",") },
      starts: { type: "string", default: "30,120,300" },
      slowdowns: { type: "string", default: "0,0.06" },
      mins: { type: "string", default: absent.mins },
      kappas: { type: "string", default: absent.kappas },
    },
  });
  const mins = numbers(values.mins);
  const conditions = numbers(values.starts).flatMap((coldStartSeconds) =>
    numbers(values.slowdowns).flatMap((slowdown) =>
      mins.map((min) => ({ coldStartSeconds, slowdown, min: min === 0 ? (0 as const) : (1 as const) })),
    ),
  );
  return { traces: tracesOf(values.traces.split(",")), conditions, mins, kappas: numbers(values.kappas) };
}

function numbers(text: string): readonly number[] {
  return text.split(",").map(Number);
}

function* tracesOf(names: readonly string[]): Generator<Trace> {
  for (const text of names) {
    const [name = "", seed = "1"] = text.split(":");
    if (name === "held-out") yield* heldOutTraces(Number(seed));
    else if (name === "mixture") yield mixture(Number(seed));
    else if (isGeneratorName(name)) yield generatedTrace(name, Number(seed));
    else if (isHeldOutName(name)) yield heldOutTrace(name, Number(seed));
    else yield vectorTrace(name);
  }
}
