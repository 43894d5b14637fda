import { durationBuckets, type Exposition, metricSet } from "../base/metrics.ts";
import { metricNames } from "../contract/metric-names.ts";

/** What became of one request. */
export interface RequestRecord {
  /** `<namespace>/<name>` of the ModelDeployment. */
  readonly key: string;
  /** Revision that answered; empty when none did. */
  readonly revision: string;
  /** Status written to the client; 499 when the client left first. */
  readonly status: number;
  readonly durationMs: number;
}

export interface Figures {
  readonly record: (request: RequestRecord) => void;
  readonly exposition: () => Promise<Exposition>;
}

/** What is read at the moment of a scrape. */
export interface Readings {
  readonly heldRequests: number;
  readonly tableVersion: number;
}

/** Counts per ModelDeployment and revision, in Prometheus' format. */
export function figures(readings: () => Readings): Figures {
  const metrics = metricSet({ processMetrics: true });
  const requests = metrics.counter({
    name: metricNames.gatewayRequests,
    help: "Requests by ModelDeployment, revision that answered and class of status",
    labels: ["model_deployment", "revision", "status"],
  });
  const durations = metrics.histogram({
    name: metricNames.gatewayRequestDuration,
    help: "Time from the first byte of a request to the last byte of its answer",
    labels: ["model_deployment", "revision"],
    buckets: durationBuckets,
  });
  metrics.gauge(
    { name: metricNames.gatewayHeldRequests, help: "Requests that wait because nothing is ready", labels: [] },
    (gauge) => gauge.set(readings().heldRequests),
  );
  metrics.gauge(
    {
      name: metricNames.gatewayRouteTableVersion,
      help: "Changes of the route table so far, 0 before the first",
      labels: [],
    },
    (gauge) => gauge.set(readings().tableVersion),
  );
  return {
    record: ({ key, revision, status, durationMs }) => {
      requests.inc({ model_deployment: key, revision, status: `${Math.floor(status / 100)}xx` });
      durations.observe({ model_deployment: key, revision }, durationMs / 1000);
    },
    exposition: () => metrics.exposition(),
  };
}
