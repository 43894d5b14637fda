import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import type { Clock } from "../../runtime/base/clock.ts";
import type { Stored } from "../kube/kinds.ts";
import type { Caches } from "../model-deployment/caches.ts";
import { deploymentKey } from "../model-deployment/resources/names.ts";
import type { Scaling } from "../model-deployment/snapshot.ts";
import type { GatewayFiguresSource } from "../signals/gateway-figures.ts";
import { createDevicePools, type PoolClaim } from "./device-pools.ts";
import { createFleet } from "./fleet.ts";
import { createModelScaler, type ModelScaler, type Policy } from "./model-scaler.ts";

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
  const models = new Map<string, ModelScaler>();
  const [pools, active] = [createDevicePools(), new Set<string>()];
  let [ticks, cancel]: [number, (() => void) | undefined] = [0, undefined];
  figures?.subscribe((key) => active.add(key));
  caches.deployments.cache.subscribe(({ type, object }) => {
    const key = keyOf(object);
    if (type === "removed" || object.spec.autoscaling === undefined) models.delete(key);
    else active.add(key);
  });
  const followed = (key: string): ModelScaler | undefined => {
    const [namespace = "", name = ""] = key.split("/");
    const deployment = caches.deployments.cache.find({ namespace, name });
    if (deployment?.spec.autoscaling === undefined) return undefined;
    const { autoscaling } = deployment.status ?? {};
    const model = models.get(key) ?? createModelScaler(autoscaling, policy(autoscaling?.memory));
    models.set(key, model);
    model.follow(deployment);
    return model;
  };
  const decide = (key: string, model: ModelScaler): void => {
    if (figures === undefined) return;
    const demand = figures.freshness().answering > 0 ? figures.demand(key) : undefined;
    const { isResting } = model.decide({ now: clock.now(), fleet: fleet.sample(key), demand });
    if (isResting) active.delete(key);
  };
  const tick = (): void => {
    cancel = clock.after(tickMs, tick);
    ticks += 1;
    if (ticks % restingTicks === 0) for (const key of models.keys()) active.add(key);
    const decided = [...active];
    for (const key of decided) {
      const model = followed(key);
      if (model === undefined) active.delete(key);
      else decide(key, model);
    }
    const awards = pools.share([...claims(models)], clock.now());
    // Who rests may have what somebody else needs.
    for (const key of new Set([...decided, ...awards.keys()])) {
      if (models.get(key)?.conclude(awards.get(key), clock.now()) === true) onChange(key);
    }
  };
  return {
    scaling: (key) => models.get(key)?.scaling,
    wake(key) {
      const model = cancel === undefined ? undefined : followed(key);
      active.add(key);
      if (model?.wake() === true) onChange(key);
    },
    start() {
      if (cancel === undefined) tick();
    },
    stop() {
      cancel?.();
      cancel = undefined;
      // When this one leads again it begins with all of them, those that rest included.
      for (const key of models.keys()) active.add(key);
      models.clear();
    },
  };
}

function* claims(models: ReadonlyMap<string, ModelScaler>): Generator<PoolClaim> {
  for (const [key, { claim }] of models) if (claim !== undefined) yield { key, ...claim };
}

function keyOf({ metadata }: ModelDeployment & Stored): string {
  return deploymentKey(metadata.namespace ?? "", metadata.name);
}
