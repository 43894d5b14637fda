import type { Fault } from "../base/fault.ts";
import { type MetricSet, durationBuckets } from "../base/metrics.ts";
import { metricNames } from "../contract/metric-names.ts";
import { type CountCell, type SpreadCell, countCells, spreadCells } from "./cells.ts";
import type { ToldInference } from "./observed-models.ts";
import type { ObservedProtocol, VersionLabels } from "./serve-figures.ts";

/** Figures of what runs through the models. */
export interface InferenceFigures {
  /** What counts the inferences of a version by a protocol. */
  recorder(protocol: ObservedProtocol, version: VersionLabels): ToldInference;
  /** Drops the series of a version that has ended. */
  forget(version: VersionLabels): void;
}

/** Inferences by model, version and protocol, all at zero. */
export function inferenceFigures(metrics: MetricSet): InferenceFigures {
  const totals = countCells(metrics, {
    name: metricNames.inferences,
    help: "Requests that a model has run or refused to run, by the fault of those without outputs.",
    labels: ["model", "version", "protocol", "fault"],
  });
  const durations = spreadCells(metrics, {
    name: metricNames.inferenceDuration,
    help: "Time that a request spends with its model: waiting and running.",
    labels: ["model", "version", "protocol"],
    buckets: durationBuckets,
  });
  const told = new Map<string, Map<string, Protocolled>>();
  return {
    recorder: (protocol, version) => {
      const labels = { model: version.model, version: version.version, protocol };
      const counts = new Map<string, CountCell>();
      let duration: SpreadCell | undefined;
      const counted = (fault: string): CountCell => {
        const cell = totals.of({ ...labels, fault });
        counts.set(fault, cell);
        const series = told.get(keyOf(version)) ?? new Map<string, Protocolled>();
        told.set(keyOf(version), series.set(`${protocol}/${fault}`, { protocol, fault }));
        return cell;
      };
      return (durationMs, fault?: Fault) => {
        const code = fault?.code ?? "";
        (counts.get(code) ?? counted(code)).count += 1;
        duration ??= durations.of(labels);
        duration.observe(durationMs / 1000);
      };
    },
    forget: (version) => {
      for (const { protocol, fault } of told.get(keyOf(version))?.values() ?? []) {
        const labels = { model: version.model, version: version.version, protocol };
        totals.forget({ ...labels, fault });
        durations.forget(labels);
      }
      told.delete(keyOf(version));
    },
  };
}

/** What a series of a version is told apart by. */
interface Protocolled {
  readonly protocol: ObservedProtocol;
  readonly fault: string;
}

function keyOf({ model, version }: VersionLabels): string {
  return `${model}/${version}`;
}
