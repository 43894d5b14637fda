import { type Exposition, metricSet } from "../base/metrics.ts";
import type { Clock } from "../base/clock.ts";
import type { ModelState } from "../contract/model-facts.ts";
import type { ReadyModel } from "../model/bring-up.ts";
import type { Models } from "../protocols/protocol.ts";
import type { AnsweredRequest } from "../server/protocol-listener.ts";
import { inferenceFigures } from "./inference-figures.ts";
import { type BatchRun, versionFigures } from "./version-figures.ts";
import { observedModels } from "./observed-models.ts";
import { requestFigures } from "./request-figures.ts";
import { tensorflowFigures } from "./tensorflow-figures.ts";

/** A version of a model, as series are labelled. */
export interface VersionLabels {
  readonly model: string;
  readonly version: number;
}

/** Protocols as the figures of models name them. */
export type ObservedProtocol =
  | "tensorflow-serving"
  | "tensorflow-serving-grpc"
  | "open-inference"
  | "open-inference-grpc";

/** What a serving runtime counts. */
export interface ServeFigures {
  readonly requestStarted: () => void;
  readonly requestAnswered: (answered: AnsweredRequest) => void;
  /** The same models; what runs through them is counted for the protocol. */
  readonly observed: (models: Models, protocol: ObservedProtocol) => Models;
  readonly batchRan: (labels: VersionLabels, batch: BatchRun) => void;
  readonly versionReady: (labels: VersionLabels, ready: ReadyModel) => void;
  readonly versionState: (labels: VersionLabels, state: ModelState) => void;
  readonly exposition: () => Promise<Exposition>;
}

/** The figures of one runtime, all at zero. */
export function serveFigures(clock: Clock): ServeFigures {
  const metrics = metricSet({ processMetrics: true });
  const requests = requestFigures(metrics);
  const versions = versionFigures(metrics);
  const inferences = inferenceFigures(metrics);
  const tensorflow = tensorflowFigures(metrics);
  return {
    ...requests,
    ...versions,
    versionState: (labels, state) => {
      versions.versionState(labels, state);
      if (state === "Unloaded" || state === "Failed") inferences.forget(labels);
    },
    observed: (models, protocol) =>
      observedModels(models, clock, (version, api) => {
        const counted = inferences.recorder(protocol, version);
        const toldElsewhere = tensorflow.recorder(protocol, version.model, api);
        if (toldElsewhere === undefined) return counted;
        return (durationMs, fault) => {
          counted(durationMs, fault);
          toldElsewhere(durationMs, fault);
        };
      }),
    exposition: metrics.exposition,
  };
}
