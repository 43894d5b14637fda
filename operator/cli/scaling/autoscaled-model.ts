import type { AutoscalingSpec } from "../../../crds/v1alpha1/autoscaling/autoscaling.ts";
import { faults } from "../faults.ts";
import { validDeployments } from "../manifests/valid-deployments.ts";

/** A ModelDeployment with `spec.autoscaling`. */
export interface AutoscaledModel {
  readonly name: string;
  readonly autoscaling: AutoscalingSpec;
}

/** The first ModelDeployment of a manifest that has spec.autoscaling. Throws `NotValid`, `NoAutoscaling` and the faults of reading files. */
export function autoscaledModel(path: string, print: (line: string) => void): AutoscaledModel {
  for (const { deployment } of validDeployments([path], print)) {
    const { metadata, spec } = deployment;
    if (spec.autoscaling !== undefined) return { name: metadata.name, autoscaling: spec.autoscaling };
  }
  throw faults.NoAutoscaling({ path });
}
