import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { faults } from "../faults.ts";
import { manifestFiles } from "./manifest-files.ts";
import { deploymentOf, checkedManifests } from "./manifests.ts";

/** A ModelDeployment of a manifest file. */
export interface NamedDeployment {
  /** Such as `ModelDeployment default/digits`. */
  readonly name: string;
  readonly deployment: ModelDeployment;
}

/**
 * The ModelDeployments of manifest files. When any object is invalid, prints the complaints and throws `NotValid`. Throws the faults
 * of reading files.
 */
export function validDeployments(paths: readonly string[], print: (line: string) => void): readonly NamedDeployment[] {
  const checked = checkedManifests(manifestFiles(paths));
  const wrong = checked.filter(({ complaints }) => complaints.length > 0);
  for (const { complaints } of wrong) complaints.forEach(print);
  if (wrong.length > 0) throw faults.NotValid({ count: wrong.length });
  return checked.flatMap(({ name, manifest }) => {
    const deployment = manifest && deploymentOf(manifest);
    return deployment === undefined ? [] : [{ name, deployment }];
  });
}
