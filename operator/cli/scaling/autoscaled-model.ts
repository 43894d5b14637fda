import type { AutoscalingSpec } from "../../../crds/v1alpha1/autoscaling/autoscaling.ts";
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { faults } from "../faults.ts";
import { manifestFiles } from "../manifests/manifest-files.ts";
import { verdicts } from "../manifests/manifests.ts";

/** A ModelDeployment that scales itself. */
export interface AutoscaledModel {
  readonly name: string;
  readonly autoscaling: AutoscalingSpec;
}

/** The first ModelDeployment of a manifest that has spec.autoscaling. Throws `NotValid`, `NoAutoscaling` and the faults of reading files. */
export function autoscaledModel(path: string, print: (line: string) => void): AutoscaledModel {
  const checked = verdicts(manifestFiles([path]));
  const wrong = checked.filter(({ complaints }) => complaints.length > 0);
  for (const { complaints } of wrong) complaints.forEach(print);
  if (wrong.length > 0) throw faults.NotValid({ count: wrong.length });
  for (const { manifest } of checked) {
    if (manifest?.object.kind !== "ModelDeployment") continue;
    const { metadata, spec } = manifest.object as unknown as ModelDeployment; // validated by `verdicts`
    if (spec.autoscaling !== undefined) return { name: metadata.name, autoscaling: spec.autoscaling };
  }
  throw faults.NoAutoscaling({ path });
}
