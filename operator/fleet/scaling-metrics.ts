import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import type { MetricSet } from "../../runtime/base/metrics.ts";
import { metricNames } from "../../runtime/contract/metric-names.ts";

/** Told of each change of a ModelDeployment; undefined: it is gone. */
export type ScalingObserver = (key: string, deployment: ModelDeployment | undefined) => void;

interface Told {
  readonly desired: number;
  readonly ready: number;
  readonly offered: number;
}

/** Pods that are wanted and ready, and the requests that are offered, of each model with `spec.autoscaling`. */
export function scalingMetrics(metrics: MetricSet): ScalingObserver {
  const models = new Map<string, Told>();
  const labels = ["namespace", "name"] as const;
  const gauges = [
    [metricNames.scalingDesired, "Pods that the autoscaler wants", "desired"],
    [metricNames.scalingReady, "Pods of an autoscaled model that are ready", "ready"],
    [metricNames.scalingOffered, "Requests that are offered to an autoscaled model at the same time", "offered"],
  ] as const;
  for (const [name, help, member] of gauges) {
    metrics.gauge({ name, help, labels }, (gauge) => {
      gauge.reset();
      for (const [key, told] of models) {
        const [namespace = "", deployment = ""] = key.split("/");
        gauge.set({ namespace, name: deployment }, told[member]);
      }
    });
  }
  return (key, deployment) => {
    const { autoscaling, stable, candidate } = deployment?.status ?? {};
    if (autoscaling?.desired === undefined) models.delete(key);
    else {
      const ready = (stable?.ready ?? 0) + (candidate?.ready ?? 0);
      models.set(key, { desired: autoscaling.desired, ready, offered: Number(autoscaling.signal ?? 0) });
    }
  };
}
