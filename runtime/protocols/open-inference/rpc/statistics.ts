import { many, message, nested, plain } from "../../../base/protobuf/message.ts";
import type { Models } from "../../protocol.ts";
import { type UnaryMethod, unary } from "../../rpc.ts";
import { modelReference } from "../models/lookup.ts";
import { modelStatistics } from "../models/statistics.ts";

// Triton's statistics extension
const request = message("inference.ModelStatisticsRequest", { name: plain(1, "string"), version: plain(2, "string") });
const duration = message("inference.StatisticDuration", { count: plain(1, "uint64"), ns: plain(2, "uint64") });
const inferStatistics = message("inference.InferStatistics", {
  success: nested(1, () => duration),
  fail: nested(2, () => duration),
  queue: nested(3, () => duration),
  computeInput: nested(4, () => duration),
  computeInfer: nested(5, () => duration),
  computeOutput: nested(6, () => duration),
});
const statistics = message("inference.ModelStatistics", {
  name: plain(1, "string"),
  version: plain(2, "string"),
  lastInference: plain(3, "uint64"),
  inferenceCount: plain(4, "uint64"),
  executionCount: plain(5, "uint64"),
  inferenceStats: nested(6, () => inferStatistics),
});
const response = message("inference.ModelStatisticsResponse", { modelStats: many(1, () => statistics) });

/** `ModelStatistics`: real counts, of one version, of a model or of all. */
export function statisticsMethod(models: Models): UnaryMethod {
  return unary({ request, response }, ({ name, version }) => ({
    modelStats: modelStatistics(models, modelReference(name, version)).map(({ durations, ...told }) => ({
      name: told.name,
      version: told.version,
      lastInference: BigInt(told.lastInference),
      inferenceCount: BigInt(told.inferenceCount),
      executionCount: BigInt(told.executionCount),
      inferenceStats: {
        success: wide(durations.success),
        fail: wide(durations.fail),
        queue: wide(durations.queue),
        computeInput: wide(durations.compute_input),
        computeInfer: wide(durations.compute_infer),
        computeOutput: wide(durations.compute_output),
      },
    })),
  }));
}

function wide({ count, ns }: { readonly count: number; readonly ns: number }) {
  return { count: BigInt(count), ns: BigInt(ns) };
}
