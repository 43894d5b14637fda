import { type Exposition, type MetricSet, durationBuckets, metricSet } from "./base/metrics.ts";
import { metricNames } from "./contract/metric-names.ts";
import { type ModelState, modelStates } from "./contract/model-facts.ts";
import type { AnsweredRequest } from "./server/protocol-listener.ts";

/** One run of the engine. */
export interface BatchRun {
  readonly rows: number;
}

/** What a serving runtime counts. */
export interface ServeFigures {
  readonly requestStarted: () => void;
  readonly requestAnswered: (answered: AnsweredRequest) => void;
  readonly batchRan: (batch: BatchRun) => void;
  readonly modelLoaded: (durationMs: number) => void;
  readonly modelState: (name: string, version: number, state: ModelState) => void;
  readonly exposition: () => Promise<Exposition>;
}

/** The figures of one runtime, all at zero. */
export function serveFigures(): ServeFigures {
  const metrics = metricSet({ processMetrics: true });
  const requests = requestFigures(metrics);
  const model = modelFigures(metrics);
  return { ...requests, ...model, exposition: metrics.exposition };
}

function requestFigures(metrics: MetricSet): Pick<ServeFigures, "requestStarted" | "requestAnswered"> {
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

function modelFigures(metrics: MetricSet): Pick<ServeFigures, "batchRan" | "modelLoaded" | "modelState"> {
  const batch = metrics.histogram({
    name: metricNames.batchSize,
    help: "Rows that ran through the engine together.",
    labels: [],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  });
  const load = metrics.gauge({
    name: metricNames.modelLoadDuration,
    help: "Time from the start of the load to the first answer of the model.",
    labels: [],
  });
  const state = metrics.gauge({
    name: metricNames.modelState,
    help: "1 for the state that a model version is in, 0 for the others.",
    labels: ["model", "version", "state"],
  });
  return {
    batchRan: ({ rows }) => batch.observe(rows),
    modelLoaded: (durationMs) => load.set(durationMs / 1000),
    modelState: (model, version, current) => {
      for (const candidate of modelStates) {
        state.set({ model, version, state: candidate }, candidate === current ? 1 : 0);
      }
    },
  };
}
