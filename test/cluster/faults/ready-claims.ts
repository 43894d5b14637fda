import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { revisionHash } from "../../../operator/model-deployment/plan/revisions.ts";
import type { TestCluster } from "./cluster/test-cluster.ts";

/** Finds statuses that say Ready while the declared pods are not ready. */
export interface ReadyClaims {
  /** A line for each false one. */
  readonly false: readonly string[];
  stop(): void;
}

/** Checks every status of the namespace when it is written. */
export function watchReadyClaims({ view, pods }: TestCluster, namespace: string): ReadyClaims {
  const falseClaims: string[] = [];
  const stop = view.deployments.subscribe(({ type, object }) => {
    const { metadata, spec } = object;
    if (type === "removed" || metadata.namespace !== namespace || !claimsReady(object)) return;
    const wanted = spec.suspend === true ? 0 : (spec.replicas ?? 1);
    const revision = revisionHash(spec);
    const ready = pods.ready(namespace, revision);
    if (ready >= wanted) return;
    falseClaims.push(`generation ${metadata.generation}: Ready with ${ready} of ${wanted} pods of ${revision} ready`);
  });
  return { false: falseClaims, stop };
}

/** Whether status says Ready of the present generation. */
function claimsReady({ metadata, status }: ModelDeployment): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && status?.observedGeneration === metadata.generation;
}
