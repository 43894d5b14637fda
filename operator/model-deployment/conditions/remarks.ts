import type { ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import { neverOpening, unknownTimezones } from "../../autoscale/schedule/scheduled.ts";

/** What a spec says to no effect, although it is valid. */
export interface Remark {
  /** Condition that says so while it is so; absent: it is said elsewhere in status. */
  readonly condition?: "ReplicasIgnored" | "SchedulesIgnored";
  readonly reason: string;
  /** What has no effect and why, then the way out. */
  readonly message: string;
}

type Check = (spec: ModelDeploymentSpec) => Remark | undefined;

const checks: readonly Check[] = [replicasIgnored, unknownTimezone, neverOpens, capacityToCome];

/** Everything that a spec says to no effect; of one condition there may be several. */
export function remarks(spec: ModelDeploymentSpec): readonly Remark[] {
  return checks.map((check) => check(spec)).filter((remark) => remark !== undefined);
}

/** The API server itself writes 1 where nobody says anything. */
function replicasIgnored({ autoscaling, replicas = 1 }: ModelDeploymentSpec): Remark | undefined {
  if (autoscaling === undefined || replicas === 1) return undefined;
  const message = `spec.replicas is ${replicas} and has no effect: spec.autoscaling decides; remove one of the two, or the HPA, KEDA or kubectl scale that writes it`;
  return { condition: "ReplicasIgnored", reason: "AutoscalingDecides", message };
}

/** A pattern cannot tell which names of time zones there are. */
function unknownTimezone({ autoscaling }: ModelDeploymentSpec): Remark | undefined {
  const unknown = new Set(unknownTimezones(autoscaling?.schedules ?? []));
  if (unknown.size === 0) return undefined;
  const message = `no time zone is called ${[...unknown].join(", ")}, so windows there never open; write an IANA name in spec.autoscaling.schedules, such as Europe/Berlin, or leave it out for UTC`;
  return { condition: "SchedulesIgnored", reason: "UnknownTimeZone", message };
}

function neverOpens({ autoscaling }: ModelDeploymentSpec): Remark | undefined {
  const never = neverOpening(autoscaling?.schedules ?? []);
  if (never.length === 0) return undefined;
  const named = never.map(({ name, start }) => `${name} (${start})`).join(", ");
  const message = `spec.autoscaling.schedules: ${named} never opens: no year has such a day; correct start`;
  return { condition: "SchedulesIgnored", reason: "NeverOpens", message };
}

function capacityToCome({ rollout }: ModelDeploymentSpec): Remark | undefined {
  const { capacity = "Auto" } = rollout ?? {};
  if (!["Borrow", "Share", "InPlace"].includes(capacity)) return undefined;
  const instead = capacity === "InPlace" ? "Swap or Recreate" : "Auto";
  const message = `spec.rollout.capacity is ${capacity}, which is not implemented yet; it acts as ${instead}: write that`;
  return { reason: "CapacityToCome", message };
}
