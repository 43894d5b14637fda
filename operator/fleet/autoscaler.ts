import type { Clock } from "../../runtime/base/clock.ts";
import type { Caches } from "../model-deployment/caches.ts";
import type { Scaling } from "../model-deployment/snapshot.ts";
import type { GatewayFiguresSource } from "../signals/gateway-figures.ts";
import { createDevicePools } from "./device-pools.ts";
import { createFleet } from "./fleet.ts";
import { createScaledModels } from "./scaled-models.ts";
import type { Policy } from "./model-scaler.ts";

/** What is asked every second, and who is told. */
export interface AutoscalerOptions {
  readonly caches: Caches;
  /** Absent: nothing reaches gateways, and nothing is decided. */
  readonly figures: Pick<GatewayFiguresSource, "demand" | "freshness" | "subscribe"> | undefined;
  /** A policy that has learned nothing yet, or what `remembered` tells. */
  readonly policy: (remembered: string | undefined) => Policy;
  readonly clock: Clock;
  /** Another number of pods is wanted, or status is to say something new. */
  readonly onChange: (key: string) => void;
}

/** Decides how many pods each ModelDeployment with `spec.autoscaling` is to have. */
export interface Autoscaler {
  /** Undefined: it has no `spec.autoscaling`, or nothing is decided yet. */
  scaling(key: string): Scaling | undefined;
  /** Requests wait at a gateway and no pod is wanted: one is, at once. */
  wake(key: string): void;
  /** Decides from now on, once a second: only who leads does. */
  start(): void;
  stop(): void;
}

/** As in the policy's own simulations. */
const tickMs = 1_000;
/** A model where nothing happens, with as few pods as allowed, is looked at this often only: a schedule may open. */
const restingTicks = 15;

/** Follows the ModelDeployments of the caches. */
export function createAutoscaler({ caches, figures, policy, clock, onChange }: AutoscalerOptions): Autoscaler {
  const fleet = createFleet(caches.pods.cache);
  const models = createScaledModels(caches.deployments.cache, policy);
  const pools = createDevicePools();
  let [ticks, cancel]: [number, (() => void) | undefined] = [0, undefined];
  figures?.subscribe((key) => models.active.add(key));
  const decide = (key: string): void => {
    const model = models.followed(key);
    const demand = figures !== undefined && figures.freshness().answering > 0 ? figures.demand(key) : undefined;
    const isResting = model?.decide({ now: clock.now(), fleet: fleet.sample(key), demand }).isResting ?? true;
    if (isResting) models.active.delete(key);
  };
  const tick = (): void => {
    cancel = clock.after(tickMs, tick);
    ticks += 1;
    if (ticks % restingTicks === 0) models.rouse();
    const decided = [...models.active];
    if (figures !== undefined) decided.forEach(decide);
    const allocations = pools.share([...models.claims()], clock.now());
    // Who rests may have what somebody else needs.
    for (const key of allocations.size === 0 ? decided : new Set([...decided, ...allocations.keys()])) {
      if (models.find(key)?.conclude(allocations.get(key), clock.now()) === true) onChange(key);
    }
  };
  return {
    scaling: (key) => models.find(key)?.scaling(),
    wake(key) {
      const model = cancel === undefined ? undefined : models.followed(key);
      models.active.add(key);
      if (model?.wake() === true) onChange(key);
    },
    start() {
      if (cancel === undefined) tick();
    },
    stop() {
      cancel?.();
      cancel = undefined;
      // When this one leads again it begins with all of them, those that rest included.
      models.forget();
    },
  };
}
