import { type MetricSet, durationBuckets } from "../base/metrics.ts";
import { metricNames } from "../contract/metric-names.ts";
import type { ServeFigures } from "./serve-figures.ts";

/** Figures of whole requests, whatever they ask for. */
export function requestFigures(metrics: MetricSet): Pick<ServeFigures, "requestStarted" | "requestAnswered"> {
  const total = metrics.counter({
    name: metricNames.requests,
    help: "Requests answered, by protocol, status (HTTP code or gRPC name) and fault.",
    labels: ["protocol", "status", "fault"],
  });
  const duration = metrics.histogram({
    name: metricNames.requestDuration,
    help: "Time from the header of a request to its answer.",
    labels: ["protocol"],
    buckets: durationBuckets,
  });
  const inFlight = metrics.gauge({
    name: metricNames.requestsInFlight,
    help: "Requests begun and not yet answered.",
    labels: [],
  });
  return {
    requestStarted: () => inFlight.inc(),
    requestAnswered: ({ protocol, status, durationMs, fault }) => {
      inFlight.dec();
      total.inc({ protocol, status, fault: fault?.code ?? "" });
      duration.observe({ protocol }, durationMs / 1000);
    },
  };
}
