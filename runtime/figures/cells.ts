import type { HistogramShape, LabelValues, MetricSet, MetricShape } from "../base/metrics.ts";

/** What is counted under one set of labels each. Whoever counts often keeps the cell: to find one costs more than to count. */
export interface Cells<Label extends string, Cell> {
  /** The cell of these labels, at zero when it is new. */
  of(labels: LabelValues<Label>): Cell;
  forget(labels: LabelValues<Label>): void;
}

/** A count that is raised in place. */
export interface CountCell {
  count: number;
}

/** How often values of which size came. */
export interface SpreadCell {
  observe(value: number): void;
}

/** A counter whose cells are told at each scrape. */
export function countCells<Label extends string>(
  metrics: MetricSet,
  shape: MetricShape<Label>,
): Cells<Label, CountCell> {
  const cells = cellMap(shape.labels, (labels: LabelValues<Label>) => ({ labels, count: 0 }));
  metrics.counter(shape, (counter) => {
    counter.reset();
    for (const { labels, count } of cells.all()) counter.inc(labels, count);
  });
  return cells;
}

/** A histogram whose cells are read at each scrape. */
export function spreadCells<Label extends string>(
  metrics: MetricSet,
  shape: HistogramShape<Label>,
): Cells<Label, SpreadCell> {
  const { buckets } = shape;
  const cells = cellMap(shape.labels, (labels: LabelValues<Label>) => {
    const counts = new Float64Array(buckets.length + 1);
    const cell = {
      labels,
      counts,
      sum: 0,
      observe: (value: number): void => {
        let bucket = 0;
        while (bucket < buckets.length && value > (buckets[bucket] ?? 0)) bucket += 1;
        counts[bucket] = (counts[bucket] ?? 0) + 1;
        cell.sum += value;
      },
    };
    return cell;
  });
  metrics.readHistogram(shape, cells.all);
  return cells;
}

interface CellMap<Label extends string, Cell> extends Cells<Label, Cell> {
  readonly all: () => Iterable<Cell>;
}

function cellMap<Label extends string, Cell>(
  names: readonly Label[],
  cell: (labels: LabelValues<Label>) => Cell,
): CellMap<Label, Cell> {
  const cells = new Map<string, Cell>();
  const keyOf = (labels: LabelValues<Label>): string => names.map((name) => labels[name]).join("\n");
  return {
    of: (labels) => {
      const key = keyOf(labels);
      const known = cells.get(key) ?? cell({ ...labels });
      cells.set(key, known);
      return known;
    },
    forget: (labels) => void cells.delete(keyOf(labels)),
    all: () => cells.values(),
  };
}
