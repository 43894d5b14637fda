import type { MetricSet } from "../base/metrics.ts";
import { tensorflowMetricNames } from "../contract/metric-names.ts";
import type { Inference } from "./observed-models.ts";
import type { ObservedProtocol } from "./serve-figures.ts";

/** Figures under the names that TensorFlow Serving's dashboards ask for (tensorflow_serving/servables/tensorflow/util.cc). */
export interface TensorflowFigures {
  ran(protocol: ObservedProtocol, inference: Inference): void;
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
  const count = metrics.counter({
    name: tensorflowMetricNames.requestCount,
    help: "The total number of requests.",
    labels: ["model_name", "status"],
  });
  const latency = metrics.histogram({
    name: tensorflowMetricNames.requestLatency,
    help: "Distribution of wall time in microseconds of requests.",
    labels: ["model_name", "API", "entrypoint"],
    buckets,
  });
  return {
    ran: (protocol, { labels: { model }, api, durationMs, fault }) => {
      const entrypoint = entrypoints[protocol];
      if (entrypoint === undefined) return;
      const status = fault === undefined ? "OK" : (statuses[fault.code] ?? "INTERNAL");
      count.inc({ model_name: model, status });
      latency.observe({ model_name: model, API: api, entrypoint }, durationMs * 1000);
    },
  };
}
