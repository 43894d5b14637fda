import type { ModelDeployment, ModelDeploymentStatus } from "../../crds/v1alpha1/model-deployment.ts";
import type { AutoscalingSpec } from "../../crds/v1alpha1/autoscaling/autoscaling.ts";
import { isBusy } from "../autoscale/demand.ts";
import type { Sample } from "../autoscale/sample.ts";
import type { Award } from "../autoscale/sharing/claim.ts";
import { defaultGpuResource } from "../model-deployment/resources/pod-template.ts";
import type { Scaling } from "../model-deployment/snapshot.ts";
import type { Demand } from "../signals/gateway-figures.ts";
import type { PoolClaim } from "./device-pools.ts";
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
  /** What devices are shared by: worked out only where there are any. */
  readonly needs: () => Needs;
  /** The members of `status.autoscaling` beside these: made only when they are told. */
  readonly figures: () => Scaling["figures"];
}

/** What a model's pods do for it. */
export interface Needs {
  /** Of the desired pods those that the present load needs. */
  readonly needed: number;
  /** What a late request is worth, in seconds of one pod. */
  readonly kappa: number;
  /** Seconds that a pod takes to start. */
  readonly startSeconds: number;
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
  /** What it asks of devices that others want, too; undefined before the first decision, and of a model without devices. */
  readonly claim: Omit<PoolClaim, "key"> | undefined;
  /** Asks the policy. */
  decide(seen: Seen): { readonly isResting: boolean };
  /** What is wanted now is this, or the share of it that devices are awarded for. True when that is to be told. */
  conclude(award: Award | undefined, nowMs: number): boolean;
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
  let spec: ModelDeployment["spec"] | undefined;
  let scaling: Scaling | undefined;
  let last: (Seen & PolicyAnswer) | undefined;
  let toldMs = Number.NEGATIVE_INFINITY;
  let busyMs: number | undefined;
  let current = remembered?.desired;
  return {
    get scaling() {
      if (scaling === undefined || last === undefined) return scaling;
      return { ...scaling, needed: Math.min(last.needs().needed, scaling.desired) };
    },
    get claim() {
      return spec === undefined || last === undefined ? undefined : claimOf(spec, last);
    },
    follow(deployment) {
      spec = deployment.spec.suspend === true ? undefined : deployment.spec;
    },
    wake() {
      if (spec === undefined || (scaling?.desired ?? current ?? 1) > 0) return false;
      current = 1;
      scaling = { desired: 1, why: "a request waits", figures: scaling?.figures ?? {} };
      return true;
    },
    decide({ now, fleet, demand }) {
      last = undefined;
      if (spec?.autoscaling === undefined) return { isResting: true };
      const { autoscaling } = spec;
      const { min = 1 } = autoscaling;
      const { unplaced: _, ...pods } = fleet;
      const sample = demand && { ...demand, ...pods };
      busyMs = sample !== undefined && isBusy(sample) ? now : (busyMs ?? now);
      const before = current ?? Math.max(fleet.ready + fleet.pending, min);
      const answer = policy.decide({ spec: autoscaling, sample, current: before, now: now / 1000 });
      current = answer.desired;
      last = { now, fleet, demand, ...answer };
      return { isResting: answer.desired <= min && fleet.pending === 0 && now - busyMs > restAfterMs };
    },
    conclude(award, nowMs) {
      if (last === undefined) return false;
      const { desired, why } = concluded(last, award);
      if (desired === scaling?.desired && nowMs - toldMs < figuresEveryMs) return false;
      scaling = { desired, why, figures: last.figures() };
      toldMs = nowMs;
      return true;
    },
  };
}

function concluded({ desired, why }: PolicyAnswer, award: Award | undefined): Pick<Scaling, "desired" | "why"> {
  if (award === undefined || award.replicas >= desired) return { desired, why };
  return { desired: award.replicas, why: award.why ?? why };
}

function claimOf({ resources, autoscaling }: ModelDeployment["spec"], last: Seen & PolicyAnswer) {
  const { count = 0, resource = defaultGpuResource, products = [] } = resources?.gpu ?? {};
  if (count === 0) return undefined;
  const { fleet, demand, desired } = last;
  const { needed, kappa, startSeconds } = last.needs();
  return {
    pool: [resource, ...products.toSorted()].join(" "),
    devices: count,
    wanted: desired,
    needed: Math.min(needed, desired),
    min: autoscaling?.min ?? 1,
    kappa,
    placed: fleet.ready + fleet.pending - fleet.unplaced + fleet.draining,
    unplaced: fleet.unplaced,
    oldestWait: demand?.oldestWait ?? 0,
    startSeconds,
  };
}
