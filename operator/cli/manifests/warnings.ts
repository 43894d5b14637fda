import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { sharedNameMessage } from "../../model-deployment/conditions/shared-name.ts";
import { specWarnings } from "../../model-deployment/conditions/spec-warnings.ts";
import { deploymentKey, declaredModel } from "../../model-deployment/resources/names.ts";
import { deploymentOf, type Manifest } from "./manifests.ts";

/** Warnings about valid manifests: fields without effect, and models of the same name. */
export function warnings(manifests: readonly Manifest[]): ReadonlyMap<Manifest, readonly string[]> {
  const deployments = manifests.flatMap((manifest) => {
    const deployment = deploymentOf(manifest);
    return deployment === undefined ? [] : [{ manifest, deployment }];
  });
  const all = deployments.map(({ deployment }) => deployment);
  return new Map(
    deployments.map(({ manifest, deployment }) => [
      manifest,
      [...specWarnings(deployment.spec).map(({ message }) => message), ...nameConflicts(deployment, all)],
    ]),
  );
}

/** The shared front ports route by model name. */
function nameConflicts(deployment: ModelDeployment, all: readonly ModelDeployment[]): readonly string[] {
  const [name, key] = [modelOf(deployment), keyOf(deployment)];
  const others = all.filter((other) => modelOf(other) === name && keyOf(other) !== key).map(keyOf);
  if (others.length === 0) return [];
  return [sharedNameMessage(name, others.join(" and "))];
}

function modelOf({ metadata, spec }: ModelDeployment): string {
  return declaredModel(metadata.name, spec);
}

function keyOf({ metadata: { namespace = "default", name } }: ModelDeployment): string {
  return deploymentKey(namespace, name);
}
