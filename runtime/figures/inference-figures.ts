import { type MetricSet, durationBuckets } from "../base/metrics.ts";
import { metricNames } from "../contract/metric-names.ts";
import type { Inference } from "./observed-models.ts";
import type { ObservedProtocol, VersionLabels } from "./serve-figures.ts";

/** Figures of what runs through the models. */
export interface InferenceFigures {
  ran(protocol: ObservedProtocol, inference: Inference): void;
  /** Drops the series of a version that has ended. */
  forget(labels: VersionLabels): void;
}

/** Inferences by model, version and protocol, all at zero. */
export function inferenceFigures(metrics: MetricSet): InferenceFigures {
  const total = metrics.counter({
    name: metricNames.inferences,
    help: "Requests that a model has run or refused to run, by the fault of those without outputs.",
    labels: ["model", "version", "protocol", "fault"],
  });
  const duration = metrics.histogram({
    name: metricNames.inferenceDuration,
    help: "Time that a request spends with its model: waiting and running.",
    labels: ["model", "version", "protocol"],
    buckets: durationBuckets,
  });
  const told = new Map<string, Map<string, { readonly protocol: ObservedProtocol; readonly fault: string }>>();
  return {
    ran: (protocol, { labels, durationMs, fault }) => {
      const code = fault?.code ?? "";
      total.inc({ ...labels, protocol, fault: code });
      duration.observe({ ...labels, protocol }, durationMs / 1000);
      const series = told.get(keyOf(labels)) ?? new Map();
      told.set(keyOf(labels), series.set(`${protocol}/${code}`, { protocol, fault: code }));
    },
    forget: (labels) => {
      for (const { protocol, fault } of told.get(keyOf(labels))?.values() ?? []) {
        total.remove({ ...labels, protocol, fault });
        duration.remove({ ...labels, protocol });
      }
      told.delete(keyOf(labels));
    },
  };
}

function keyOf({ model, version }: VersionLabels): string {
  return `${model}/${version}`;
}
