import { durationMs } from "../../crds/schema/grammar/duration.ts";
import type { AutoscalingSpec } from "../../crds/v1alpha1/autoscaling/autoscaling.ts";
import type { Schedule } from "../../crds/v1alpha1/autoscaling/schedule.ts";

/** What the user wants of the number of replicas, in seconds and plain numbers. */
export interface Policy {
  readonly min: number;
  readonly max: number;
  /** How many seconds of one replica a late request is worth. */
  readonly kappa: number;
  /** Requests that one replica answers at the same time; undefined: learned. */
  readonly slots: number | undefined;
  /** A request is late when it takes so much longer than alone in a replica. */
  readonly lateAfterSeconds: number;
  /** From creation to ready, until it has been measured. */
  readonly coldStartSeconds: number;
  /** How long a replica stays at least after it was last needed. */
  readonly holdSeconds: number;
  readonly schedules: readonly Schedule[];
}

/** What a late request is worth in each class, in seconds of one replica. */
export const classKappa = { Economy: 2, Balanced: 20, Strict: 100 } as const;

const assumed = { min: 1, class: "Balanced", latencyObjective: "2s", scaleDownDelay: "0s" } as const;

/** Start of a pod that loads a model, before one has been measured. */
const assumedColdStartSeconds = 60;

/** The policy that `spec.autoscaling` asks for. */
export function policyOf(spec: AutoscalingSpec, coldStartSeconds = assumedColdStartSeconds): Policy {
  return {
    min: spec.min ?? assumed.min,
    max: spec.max,
    kappa: classKappa[spec.class ?? assumed.class],
    slots: spec.concurrencyPerReplica,
    lateAfterSeconds: durationMs(spec.latencyObjective ?? assumed.latencyObjective) / 1000,
    coldStartSeconds,
    holdSeconds: durationMs(spec.scaleDownDelay ?? assumed.scaleDownDelay) / 1000,
    schedules: spec.schedules ?? [],
  };
}
