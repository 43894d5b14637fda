import type { ModelDeployment, ModelDeploymentStatus } from "../../crds/v1alpha1/model-deployment.ts";
import type { AutoscalingSpec } from "../../crds/v1alpha1/autoscaling/autoscaling.ts";
import { isBusy } from "../autoscale/demand.ts";
import type { Sample } from "../autoscale/sample.ts";
import type { Allocation } from "../autoscale/device-allocation.ts";
import { defaultGpuResource } from "../model-deployment/resources/pod/pod-template.ts";
import type { Scaling } from "../model-deployment/snapshot.ts";
import type { Demand } from "../signals/gateway-figures.ts";
import type { PoolClaim } from "./device-pools.ts";
import type { FleetSample } from "./fleet.ts";

type AutoscalingStatus = NonNullable<ModelDeploymentStatus["autoscaling"]>;

/** What a policy is asked every second. */
export interface PolicyInput {
  readonly spec: AutoscalingSpec;
  /** What happened since the last question; undefined: no gateway answers. */
  readonly sample: Sample | undefined;
  /** Pods wanted until now. */
  readonly current: number;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** What a policy wants, without what it remembers. */
export interface PolicyDecision {
  readonly desired: number;
  readonly why: string;
}

/** What a model's pods do for it. */
export interface Needs {
  /** Of the desired pods those that the present load needs. */
  readonly needed: number;
  /** What a late request is worth, in seconds of one pod. */
  readonly kappa: number;
  /** Seconds that a pod takes to start. */
  readonly startSeconds: number;
  /** Seconds since a request last arrived, ran or waited. */
  readonly idleSeconds: number;
}

/** A policy with what it has learned of one model; `needs` and `figures` speak of its last answer, and say nothing before it. */
export interface Policy {
  decide(question: PolicyInput): PolicyDecision;
  /** What devices are shared by. */
  needs(): Needs | undefined;
  /** The members of `status.autoscaling` beside what was answered. */
  figures(): Scaling["figures"];
}

/** One ModelDeployment under its autoscaler. */
export interface ModelScaler {
  scaling(): Scaling | undefined;
  /** The newest spec. */
  follow(deployment: ModelDeployment): void;
  /** What it asks of devices that others want, too; undefined before the first decision, and of a model without devices. */
  claim(): Omit<PoolClaim, "key"> | undefined;
  /** Asks the policy. */
  decide(seen: Seen): { readonly isResting: boolean };
  /** What is wanted now is this, or the share of it that devices are awarded for. True when that is to be told. */
  conclude(allocation: Allocation | undefined, nowMs: number): boolean;
  /** A request waits and no pod is wanted: one is. True when that changed something. */
  wake(): boolean;
}

interface Seen {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly fleet: FleetSample;
  readonly demand: Demand | undefined;
}

/** A moment and what the policy answered. */
interface Answered extends Pick<Seen, "fleet" | "demand"> {
  readonly answer: PolicyDecision;
}

/** Figures that change every second are written this often only: each writing is one of the API server's. */
const figuresEveryMs = 60_000;
/** With nothing to do for so long a model is looked at seldom. */
const restAfterMs = 120_000;

/** How a model is begun with. */
export interface ModelScalerOptions {
  /** What status last said: a new leader goes on from there. */
  readonly remembered: AutoscalingStatus | undefined;
  readonly policy: Policy;
  /** The part of the first minute after which figures are told again: ten thousand models are not to tell theirs at once. */
  readonly share: number;
}

/** A model that is not followed yet. */
export function createModelScaler({ remembered, policy, share }: ModelScalerOptions): ModelScaler {
  let spec: ModelDeployment["spec"] | undefined;
  let devices: Devices | undefined;
  let scaling: Scaling | undefined;
  let last: Answered | undefined;
  let tellAtMs = Number.NEGATIVE_INFINITY;
  let everyMs = figuresEveryMs * share;
  let busyMs: number | undefined;
  let current = remembered?.desired;
  return {
    scaling() {
      if (scaling === undefined || last === undefined) return scaling;
      return { ...scaling, needed: Math.min(policy.needs()?.needed ?? scaling.desired, scaling.desired) };
    },
    claim: () => devices && last && claimOf(devices, policy.needs(), last),
    follow(deployment) {
      spec = deployment.spec.suspend === true ? undefined : deployment.spec;
      devices = spec && devicesOf(spec);
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
      const { ready, pending, draining, coldStarts } = fleet;
      const sample = demand && { ...demand, ready, pending, draining, coldStarts };
      busyMs = sample !== undefined && isBusy(sample) ? now : (busyMs ?? now);
      const before = current ?? Math.max(fleet.ready + fleet.pending, min);
      const answer = policy.decide({ spec: autoscaling, sample, current: before, now: now / 1000 });
      current = answer.desired;
      last = { fleet, demand, answer };
      return { isResting: answer.desired <= min && fleet.pending === 0 && now - busyMs > restAfterMs };
    },
    conclude(allocation, nowMs) {
      if (last === undefined) return false;
      const { desired, why } = concluded(last.answer, allocation);
      if (desired === scaling?.desired && nowMs < tellAtMs) return false;
      scaling = { desired, why, figures: policy.figures() };
      tellAtMs = nowMs + everyMs;
      everyMs = figuresEveryMs;
      return true;
    },
  };
}

function concluded(
  { desired, why }: PolicyDecision,
  allocation: Allocation | undefined,
): Pick<Scaling, "desired" | "why"> {
  if (allocation === undefined || allocation.replicas >= desired) return { desired, why };
  return { desired: allocation.replicas, why: allocation.why ?? why };
}

/** What a claim says of the model's spec alone. */
type Devices = Pick<PoolClaim, "pool" | "devices" | "min">;

function devicesOf({ resources, autoscaling }: ModelDeployment["spec"]): Devices | undefined {
  const { count = 0, resource = defaultGpuResource, products = [] } = resources?.gpu ?? {};
  if (count === 0) return undefined;
  return { pool: [resource, ...products.toSorted()].join(" "), devices: count, min: autoscaling?.min ?? 1 };
}

function claimOf(
  devices: Devices,
  needs: Needs | undefined,
  { fleet, demand, answer }: Answered,
): ReturnType<ModelScaler["claim"]> {
  if (needs === undefined) return undefined;
  return {
    ...devices,
    ...needs,
    needed: Math.min(needs.needed, answer.desired),
    wanted: answer.desired,
    placed: fleet.ready + fleet.pending - fleet.unplaced + fleet.draining,
    unplaced: fleet.unplaced,
    oldestWait: demand?.oldestWait ?? 0,
  };
}
