import type { DurationTotal, InferenceStatistics } from "../../../dataplane/inference-statistics.ts";
import type { InferTarget, ModelReference } from "../../../dataplane/infer.ts";
import type { Models } from "../../protocol.ts";
import { found } from "./lookup.ts";

/** What has run on one version, in the words of Triton's statistics extension. */
export interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  /** Milliseconds since the epoch; 0: none yet. */
  readonly lastInference: number;
  /** Rows, and calls of the engine. */
  readonly inferenceCount: number;
  readonly executionCount: number;
  readonly durations: Readonly<Record<Duration, StatisticDuration>>;
}

/** A count, and nanoseconds together. */
export interface StatisticDuration {
  readonly count: number;
  readonly ns: number;
}

/** Triton's names. Inputs and outputs are not copied by a step of its own: its times are 0. */
type Duration = "success" | "fail" | "queue" | "compute_input" | "compute_infer" | "compute_output";

/** One version, or every ready version of a model, or with no name of all. Throws as `found`. */
export function modelStatistics(models: Models, { name, version }: ModelReference): readonly ModelStatistics[] {
  if (name !== "" && version !== undefined) return [told(found(models, { name, version }))];
  if (name !== "") found(models, { name });
  const names = name === "" ? models.names() : [name];
  return names.flatMap((each) =>
    models.versions(each).flatMap(({ version: number }) => {
      const target = models.find({ name: each, version: number });
      return target === undefined ? [] : [told(target)];
    }),
  );
}

function told(target: InferTarget): ModelStatistics {
  const statistics = target.statistics?.();
  return {
    name: target.name,
    version: String(target.version),
    lastInference: Math.round(statistics?.lastMs ?? 0),
    inferenceCount: statistics?.rows ?? 0,
    executionCount: statistics?.executions ?? 0,
    durations: durationsOf(statistics),
  };
}

function durationsOf(statistics: InferenceStatistics | undefined): ModelStatistics["durations"] {
  const copies = { count: statistics?.success.count ?? 0, ns: 0 };
  return {
    success: duration(statistics?.success),
    fail: duration(statistics?.failure),
    queue: duration(statistics?.queue),
    compute_input: copies,
    compute_infer: duration(statistics?.compute),
    compute_output: copies,
  };
}

function duration(time: DurationTotal | undefined): StatisticDuration {
  return { count: time?.count ?? 0, ns: Math.round((time?.totalMs ?? 0) * 1e6) };
}

/** The body of `GET /v2/models/<model>/stats`. */
export function statisticsBody(all: readonly ModelStatistics[]): object {
  return {
    model_stats: all.map(({ name, version, lastInference, inferenceCount, executionCount, durations }) => ({
      name,
      version,
      last_inference: lastInference,
      inference_count: inferenceCount,
      execution_count: executionCount,
      inference_stats: durations,
      batch_stats: [],
    })),
  };
}
