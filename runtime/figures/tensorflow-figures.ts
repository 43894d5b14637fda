import type { MetricSet } from "../base/metrics.ts";
import { tensorflowMetricNames } from "../contract/metric-names.ts";
import { type CountCell, type SpreadCell, countCells, spreadCells } from "./cells.ts";
import type { SignatureApi, ToldInference } from "./observed-models.ts";
import type { ObservedProtocol } from "./serve-figures.ts";

/** Figures under the names that TensorFlow Serving's dashboards ask for (tensorflow_serving/servables/tensorflow/util.cc). */
export interface TensorflowFigures {
  /** What counts the inferences of a model by a protocol; `undefined` for those of others. */
  recorder(protocol: ObservedProtocol, model: string, api: SignatureApi): ToldInference | undefined;
}

/** Microseconds, 33 buckets from 10 on, each 1.8 times the one before: its own. */
const buckets = Array.from({ length: 33 }, (_, i) => 10 * 1.8 ** i);
const entrypoints: Readonly<Partial<Record<ObservedProtocol, string>>> = {
  "tensorflow-serving": "REST",
  "tensorflow-serving-grpc": "GRPC",
};

/** Canonical statuses of what an inference can end with. */
const statuses: Readonly<Record<string, string>> = {
  QueueFull: "UNAVAILABLE",
  Draining: "UNAVAILABLE",
  DeadlinePassed: "DEADLINE_EXCEEDED",
  Cancelled: "CANCELLED",
};

/** All at zero; only TensorFlow Serving's protocols count. */
export function tensorflowFigures(metrics: MetricSet): TensorflowFigures {
  const requests = countCells(metrics, {
    name: tensorflowMetricNames.requestCount,
    help: "The total number of requests.",
    labels: ["model_name", "status"],
  });
  const latencies = spreadCells(metrics, {
    name: tensorflowMetricNames.requestLatency,
    help: "Distribution of wall time in microseconds of requests.",
    labels: ["model_name", "API", "entrypoint"],
    buckets,
  });
  return {
    recorder: (protocol, model, api) => {
      const entrypoint = entrypoints[protocol];
      if (entrypoint === undefined) return undefined;
      const counts = new Map<string, CountCell>();
      const counted = (status: string): CountCell => {
        const cell = requests.of({ model_name: model, status });
        counts.set(status, cell);
        return cell;
      };
      let latency: SpreadCell | undefined;
      return (durationMs, fault) => {
        const status = fault === undefined ? "OK" : (statuses[fault.code] ?? "INTERNAL");
        (counts.get(status) ?? counted(status)).count += 1;
        latency ??= latencies.of({ model_name: model, API: api, entrypoint });
        latency.observe(durationMs * 1000);
      };
    },
  };
}
