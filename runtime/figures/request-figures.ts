import { type MetricSet, durationBuckets } from "../base/metrics.ts";
import { metricNames } from "../contract/metric-names.ts";
import { type CountCell, type SpreadCell, countCells, spreadCells } from "./cells.ts";
import type { ServeFigures } from "./serve-figures.ts";

/** Figures of whole requests, whatever they ask for. */
export function requestFigures(metrics: MetricSet): Pick<ServeFigures, "requestStarted" | "requestAnswered"> {
  const totals = countCells(metrics, {
    name: metricNames.requests,
    help: "Requests answered, by protocol, status (HTTP code or gRPC name) and fault.",
    labels: ["protocol", "status", "fault"],
  });
  const durations = spreadCells(metrics, {
    name: metricNames.requestDuration,
    help: "Time from the header of a request to its answer.",
    labels: ["protocol"],
    buckets: durationBuckets,
  });
  let inFlight = 0;
  metrics.gauge(
    { name: metricNames.requestsInFlight, help: "Requests begun and not yet answered.", labels: [] },
    (gauge) => gauge.set(inFlight),
  );
  const answers = new Map<string, AnswerCells>();
  const cellsOf = (protocol: string): AnswerCells => {
    const cells = answers.get(protocol) ?? { duration: durations.of({ protocol }), counts: new Map() };
    answers.set(protocol, cells);
    return cells;
  };
  return {
    requestStarted: () => {
      inFlight += 1;
    },
    requestAnswered: ({ protocol, status, durationMs, fault }) => {
      inFlight -= 1;
      const { duration, counts } = answers.get(protocol) ?? cellsOf(protocol);
      duration.observe(durationMs / 1000);
      const key = fault === undefined ? status : `${status} ${fault.code}`;
      const cell = counts.get(key) ?? totals.of({ protocol, status, fault: fault?.code ?? "" });
      counts.set(key, cell);
      cell.count += 1;
    },
  };
}

interface AnswerCells {
  readonly duration: SpreadCell;
  /** By status, and by status and fault. */
  readonly counts: Map<string | number, CountCell>;
}
