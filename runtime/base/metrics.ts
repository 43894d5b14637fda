import type { Counter, Gauge, Metric } from "prom-client";
import CounterMetric from "prom-client/lib/counter.js";
import GaugeMetric from "prom-client/lib/gauge.js";
import Registry from "prom-client/lib/registry.js";
import { collectProcessMetrics } from "./process-metrics.ts";

/** What a metric is: its name (declared in the contract), one sentence, and the names of its labels. */
export interface MetricShape<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
}

/** A metric whose values are counted by size. */
export interface HistogramShape<Label extends string> extends MetricShape<Label> {
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
}

/** The values of a series' labels. */
export type LabelValues<Label extends string> = Readonly<Record<Label, string | number>>;

/** Counts values by bucket. prom-client's own sorts and checks labels for each value, which costs a request microseconds. */
export interface Histogram<Label extends string> {
  observe(labels: LabelValues<Label>, value: number): void;
  remove(labels: LabelValues<Label>): void;
}

/** All metrics as one answer to a scrape. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** Metrics of one program, in Prometheus' text format. Create each metric once, at start. */
export interface MetricSet {
  /** With `collect`, what is counted elsewhere can be told at each scrape. */
  counter<Label extends string>(shape: MetricShape<Label>, collect?: (counter: Counter<Label>) => void): Counter<Label>;
  gauge<Label extends string>(shape: MetricShape<Label>, collect?: (gauge: Gauge<Label>) => void): Gauge<Label>;
  histogram<Label extends string>(shape: HistogramShape<Label>): Histogram<Label>;
  /** One whose values are counted elsewhere and read at each scrape. */
  readHistogram<Label extends string>(shape: HistogramShape<Label>, read: () => Iterable<Series<Label>>): void;
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
    counter: ({ name, help, labels }, collect) =>
      new CounterMetric({ name, help, labelNames: [...labels], registers, ...collected(collect) }),
    gauge: ({ name, help, labels }, collect) =>
      new GaugeMetric({
        name,
        help,
        labelNames: [...labels],
        registers,
        ...collected(collect),
      }),
    histogram: (shape) => registeredHistogram(registry, shape),
    readHistogram: (shape, read) => registerRead(registry, shape, read),
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

/** prom-client calls it as a method of the metric. */
function collected<M>(collect: ((metric: M) => void) | undefined): { collect?: (this: M) => void } {
  if (collect === undefined) return {};
  return {
    collect() {
      collect(this);
    },
  };
}

/** The values of one set of labels. */
export interface Series<Label extends string> {
  readonly labels: LabelValues<Label>;
  /** Values by the first bucket that holds them; the last one holds what none else does. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
}

interface CountedSeries<Label extends string> extends Series<Label> {
  readonly counts: Float64Array;
  sum: number;
}

function registeredHistogram<Label extends string>(registry: Registry, shape: HistogramShape<Label>): Histogram<Label> {
  const { labels: names, buckets } = shape;
  const all = new Map<string, CountedSeries<Label>>();
  const seriesOf = (labels: LabelValues<Label>): CountedSeries<Label> => {
    const key = keyOf(names, labels);
    const known = all.get(key);
    if (known !== undefined) return known;
    const series = { labels: { ...labels }, counts: new Float64Array(buckets.length + 1), sum: 0 };
    all.set(key, series);
    return series;
  };
  if (names.length === 0) seriesOf({} as LabelValues<Label>); // there is no label
  registerRead(registry, shape, () => all.values());
  return {
    observe: (labels, value) => {
      const series = seriesOf(labels);
      let bucket = 0;
      while (bucket < buckets.length && value > (buckets[bucket] ?? 0)) bucket += 1;
      series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
      series.sum += value;
    },
    remove: (labels) => void all.delete(keyOf(names, labels)),
  };
}

function registerRead<Label extends string>(
  registry: Registry,
  shape: HistogramShape<Label>,
  read: () => Iterable<Series<Label>>,
): void {
  const { name, help } = shape;
  const exposed = async () => ({
    name,
    help,
    type: "histogram",
    values: [...read()].flatMap((series) => exposedValues(shape, series)),
    aggregator: "sum",
  });
  registry.registerMetric({ name, get: exposed } as unknown as Metric); // all that a registry asks of a metric
}

function keyOf<Label extends string>(names: readonly Label[], labels: LabelValues<Label>): string {
  let key = "";
  for (const name of names) key += `${labels[name]}\n`;
  return key;
}

/** Each bucket with all that is below it, then the sum and the count, as Prometheus wants them. */
function exposedValues<Label extends string>({ name, buckets }: HistogramShape<Label>, series: Series<Label>) {
  const { labels, counts, sum } = series;
  let count = 0;
  const values = Array.from({ length: buckets.length + 1 }, (_, i) => {
    count += counts[i] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le: buckets[i] ?? "+Inf", ...labels }, value: count };
  });
  return [
    ...values,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
