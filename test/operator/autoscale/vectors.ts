import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { decodedTrace, type Trace } from "../../../operator/autoscale/simulator/trace.ts";

/** A decision of another autoscaler, recorded by running its own code (Kubernetes, Knative, KEDA; all Apache-2.0). */
export interface Row<In, Out> {
  readonly id: string;
  /** `test NAME`: an input of the project's own test; `generated`. */
  readonly source: string;
  readonly in: In;
  readonly out: Out;
}

/** The rows of one file of vectors. */
export function vectorRows<In, Out>(name: string): readonly Row<In, Out>[] {
  const { rows } = stored(name) as { rows: readonly Row<In, Out>[] }; // the caller knows the file
  return rows;
}

/** Names of the traces with published figures. */
export const traceNames = ["steady", "bursts", "flash", "sparse"] as const;

/** One of the traces. */
export function vectorTrace(name: string): Trace {
  return decodedTrace(stored(name) as Parameters<typeof decodedTrace>[0]); // stored in that form
}

/** The published outcome of a baseline on a trace. */
export interface Figure {
  readonly trace: string;
  readonly coldStartSeconds: number | null;
  readonly slowdown: number;
  readonly policy: string;
  readonly class: string;
  readonly requests: number;
  readonly latePercent: number;
  readonly gpuHours: number;
  readonly p99WaitSeconds: number;
  readonly coldStarts: number;
  readonly mostReplicas: number;
}

/** All published figures. */
export function figures(): readonly Figure[] {
  const { figures } = stored("figures") as { figures: readonly Figure[] }; // as its README describes it
  return figures;
}

function stored(name: string): unknown {
  const path = fileURLToPath(import.meta.resolve(`./vectors/${name}.json.gz`));
  return JSON.parse(gunzipSync(readFileSync(path)).toString());
}
