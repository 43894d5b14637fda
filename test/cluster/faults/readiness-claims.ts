import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { revisionHash } from "../../../operator/model-deployment/plan/revisions.ts";
import type { Stage } from "./stage/stage.ts";

/** Statuses of a namespace's ModelDeployments that say Ready and are not true, in words. */
export interface Claims {
  readonly false: readonly string[];
  stop(): void;
}

/** Looks at every status as it is written. */
export function followClaims({ view, pods }: Stage, namespace: string): Claims {
  const lies: string[] = [];
  const stop = view.deployments.subscribe(({ type, object }) => {
    const { metadata, spec } = object;
    if (type === "removed" || metadata.namespace !== namespace || !claimsReady(object)) return;
    const wanted = spec.suspend === true ? 0 : (spec.replicas ?? 1);
    const revision = revisionHash(spec);
    const there = pods.ready(namespace, revision);
    if (there >= wanted) return;
    lies.push(`generation ${metadata.generation}: Ready with ${there} of ${wanted} pods of ${revision} ready`);
  });
  return { false: lies, stop };
}

/** Of its present generation. */
function claimsReady({ metadata, status }: ModelDeployment): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && status?.observedGeneration === metadata.generation;
}
