import type { Counter, Gauge, Histogram } from "prom-client";
import CounterMetric from "prom-client/lib/counter.js";
import GaugeMetric from "prom-client/lib/gauge.js";
import HistogramMetric from "prom-client/lib/histogram.js";
import Registry from "prom-client/lib/registry.js";
import { collectProcessMetrics } from "./process-metrics.ts";

/** What a metric is: its name (declared in the contract), one sentence, and the names of its labels. */
export interface MetricShape<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
}

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** Metrics of one program, in Prometheus' text format. Create each metric once, at start. */
export interface MetricSet {
  counter<Label extends string>(shape: MetricShape<Label>): Counter<Label>;
  gauge<Label extends string>(shape: MetricShape<Label>, collect?: (gauge: Gauge<Label>) => void): Gauge<Label>;
  histogram<Label extends string>(
    shape: MetricShape<Label> & { readonly buckets: readonly number[] },
  ): Histogram<Label>;
  readonly exposition: () => Promise<Exposition>;
}

/** Buckets for request times in seconds: 0.2 ms to 10 s, finer where a small model answers. */
export const durationBuckets: readonly number[] = [
  0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** An empty set. With `processMetrics`, memory, CPU and event loop figures of this process (`process_…`, `nodejs_…`) join it. */
export function metricSet(options: { readonly processMetrics: boolean }): MetricSet {
  const registry = new Registry();
  if (options.processMetrics) collectProcessMetrics(registry);
  const registers = [registry];
  return {
    counter: ({ name, help, labels }) => new CounterMetric({ name, help, labelNames: [...labels], registers }),
    gauge: ({ name, help, labels }, collect) =>
      new GaugeMetric({
        name,
        help,
        labelNames: [...labels],
        registers,
        ...(collect === undefined
          ? {}
          : {
              collect() {
                collect(this);
              },
            }),
      }),
    histogram: ({ name, help, labels, buckets }) =>
      new HistogramMetric({ name, help, labelNames: [...labels], buckets: [...buckets], registers }),
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
