import type { ModelDeployment, ModelDeploymentStatus } from "../../crds/v1alpha1/model-deployment.ts";
import type { AutoscalingSpec } from "../../crds/v1alpha1/autoscaling/autoscaling.ts";
import type { Sample } from "../autoscale/sample.ts";
import type { Scaling } from "../model-deployment/snapshot.ts";
import type { Demand } from "../signals/gateway-figures.ts";
import type { FleetSample } from "./fleet.ts";

type AutoscalingStatus = NonNullable<ModelDeploymentStatus["autoscaling"]>;

/** What a policy is asked every second. */
export interface PolicyQuestion {
  readonly spec: AutoscalingSpec;
  /** What happened since the last question; undefined: no gateway answers. */
  readonly sample: Sample | undefined;
  /** Pods wanted until now. */
  readonly current: number;
  /** Seconds since the epoch. */
  readonly now: number;
}

export interface PolicyAnswer {
  readonly desired: number;
  readonly why: string;
  /** The members of `status.autoscaling` beside these: made only when they are told. */
  readonly figures: () => Scaling["figures"];
}

/** A policy with what it has learned of one model. */
export interface Policy {
  decide(question: PolicyQuestion): PolicyAnswer;
}

/** One ModelDeployment under its autoscaler. */
export interface ModelScaler {
  readonly scaling: Scaling | undefined;
  /** The newest spec. */
  follow(deployment: ModelDeployment): void;
  /** Asks the policy. */
  decide(seen: Seen): { readonly isChanged: boolean; readonly isResting: boolean };
  /** A request waits and no pod is wanted: one is. True when that changed something. */
  wake(): boolean;
}

interface Seen {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly fleet: FleetSample;
  readonly demand: Demand | undefined;
}

/** Figures that change every second are written this often only: each writing is one of the API server's. */
const figuresEveryMs = 60_000;
/** With nothing to do for so long a model is looked at seldom. */
const restAfterMs = 120_000;

/** `remembered` is what status last said: a new leader goes on from there. */
export function createModelScaler(remembered: AutoscalingStatus | undefined, policy: Policy): ModelScaler {
  let spec: AutoscalingSpec | undefined;
  let scaling: Scaling | undefined;
  let toldMs = Number.NEGATIVE_INFINITY;
  let busyMs: number | undefined;
  let current = remembered?.desired;
  return {
    get scaling() {
      return scaling;
    },
    follow(deployment) {
      spec = deployment.spec.suspend === true ? undefined : deployment.spec.autoscaling;
    },
    wake() {
      if (spec === undefined || (current ?? 1) > 0) return false;
      current = 1;
      scaling = { desired: 1, why: "a request waits", figures: scaling?.figures ?? {} };
      return true;
    },
    decide({ now, fleet, demand }) {
      if (spec === undefined) return { isChanged: false, isResting: true };
      const { min = 1 } = spec;
      const sample = demand && { ...demand, ...fleet };
      busyMs = isBusy(sample) ? now : (busyMs ?? now);
      const before = current ?? Math.max(fleet.ready + fleet.pending, min);
      const { desired, why, figures } = policy.decide({ spec, sample, current: before, now: now / 1000 });
      const isChanged = desired !== current || scaling === undefined || now - toldMs >= figuresEveryMs;
      current = desired;
      if (isChanged) {
        scaling = { desired, why, figures: figures() };
        toldMs = now;
      }
      return { isChanged, isResting: desired <= min && fleet.pending === 0 && now - busyMs > restAfterMs };
    },
  };
}

function isBusy(sample: Sample | undefined): boolean {
  return sample !== undefined && (sample.arrivals > 0 || sample.inFlight > 0 || sample.queued > 0);
}
