import type { HistogramShape, LabelValues, MetricSet, MetricShape } from "../base/metrics.ts";

/** The series of a metric by label values. Callers on a hot path keep the series: a look-up costs more than an increment. */
export interface LabeledSeries<Label extends string, Series> {
  /** The series with these label values, created at zero. */
  withLabels(labels: LabelValues<Label>): Series;
  remove(labels: LabelValues<Label>): void;
}

/** A counter series; callers increment `count` directly. */
export interface CounterSeries {
  count: number;
}

/** A histogram series. */
export interface HistogramSeries {
  observe(value: number): void;
}

/** Registers a counter whose series are read at each scrape. */
export function labeledCounter<Label extends string>(
  metrics: MetricSet,
  shape: MetricShape<Label>,
): LabeledSeries<Label, CounterSeries> {
  const series = seriesMap(shape.labels, (labels: LabelValues<Label>) => ({ labels, count: 0 }));
  metrics.counter(shape, (counter) => {
    counter.reset();
    for (const { labels, count } of series.all()) counter.inc(labels, count);
  });
  return series;
}

/** Registers a histogram whose series are read at each scrape. */
export function labeledHistogram<Label extends string>(
  metrics: MetricSet,
  shape: HistogramShape<Label>,
): LabeledSeries<Label, HistogramSeries> {
  const { buckets } = shape;
  const series = seriesMap(shape.labels, (labels: LabelValues<Label>) => {
    const counts = new Float64Array(buckets.length + 1);
    const created = {
      labels,
      counts,
      sum: 0,
      observe: (value: number): void => {
        let bucket = 0;
        while (bucket < buckets.length && value > (buckets[bucket] ?? 0)) bucket += 1;
        counts[bucket] = (counts[bucket] ?? 0) + 1;
        created.sum += value;
      },
    };
    return created;
  });
  metrics.readHistogram(shape, series.all);
  return series;
}

interface SeriesMap<Label extends string, Series> extends LabeledSeries<Label, Series> {
  readonly all: () => Iterable<Series>;
}

function seriesMap<Label extends string, Series>(
  names: readonly Label[],
  create: (labels: LabelValues<Label>) => Series,
): SeriesMap<Label, Series> {
  const series = new Map<string, Series>();
  const keyOf = (labels: LabelValues<Label>): string => names.map((name) => labels[name]).join("\n");
  return {
    withLabels: (labels) => {
      const key = keyOf(labels);
      const found = series.get(key) ?? create({ ...labels });
      series.set(key, found);
      return found;
    },
    remove: (labels) => void series.delete(keyOf(labels)),
    all: () => series.values(),
  };
}
