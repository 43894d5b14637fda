import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import type { Cache } from "../kube/cache.ts";
import type { Stored } from "../kube/kinds.ts";
import { deploymentKey } from "../model-deployment/resources/names.ts";
import type { PoolClaim } from "./device-pools.ts";
import { createModelScaler, type ModelScaler, type Policy } from "./model-scaler.ts";

/** The ModelDeployments with `spec.autoscaling`, each with its scaler. */
export interface ScaledModels {
  /** Keys that are to be looked at each second; whoever looks takes out those that rest. */
  readonly active: Set<string>;
  /** Undefined: it has not been begun. */
  find(key: string): ModelScaler | undefined;
  /** Begins it if it has not been; undefined: there is no such ModelDeployment. */
  followed(key: string): ModelScaler | undefined;
  /** Those that rest are looked at, too. */
  rouse(): void;
  /** What is known of them is forgotten; all are to be looked at. */
  forget(): void;
  /** What they ask of devices. */
  claims(): Generator<PoolClaim>;
}

/** Multiples of it less their whole part are spread evenly, however many there are. */
const goldenRatio = 0.618_033_988_749;

/** Follows the ModelDeployments of a cache. `policy` has learned nothing yet, or what `remembered` tells. */
export function createScaledModels(
  deployments: Cache<ModelDeployment, "port">,
  policy: (remembered: string | undefined) => Policy,
): ScaledModels {
  const models = new Map<string, ModelScaler>();
  const active = new Set<string>();
  let begins = 0;
  deployments.subscribe(({ type, object }) => {
    const key = keyOf(object);
    if (type === "removed" || object.spec.autoscaling === undefined) models.delete(key);
    else {
      active.add(key);
      models.get(key)?.follow(object);
    }
  });
  const begun = (key: string): ModelScaler | undefined => {
    const [namespace = "", name = ""] = key.split("/");
    const deployment = deployments.find({ namespace, name });
    if (deployment?.spec.autoscaling === undefined) return undefined;
    const remembered = deployment.status?.autoscaling;
    const share = 1 - ((begins * goldenRatio) % 1);
    begins += 1;
    const model = createModelScaler({ remembered, policy: policy(remembered?.memory), share });
    models.set(key, model);
    model.follow(deployment);
    return model;
  };
  const rouse = (): void => {
    for (const key of models.keys()) active.add(key);
  };
  return {
    active,
    find: (key) => models.get(key),
    followed: (key) => models.get(key) ?? begun(key),
    rouse,
    forget() {
      rouse();
      models.clear();
    },
    *claims() {
      for (const [key, model] of models) {
        const claim = model.claim();
        if (claim !== undefined) yield { key, ...claim };
      }
    },
  };
}

function keyOf({ metadata }: ModelDeployment & Stored): string {
  return deploymentKey(metadata.namespace ?? "", metadata.name);
}
