import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Preflight } from "../../analysis/evidence.ts";
import { analysisDefaults } from "../../analysis/verdict.ts";
import type { Pod, Stored } from "../../kube/kinds.ts";
import type { Caches } from "../../model-deployment/caches.ts";
import { isPodReady } from "../../model-deployment/resources/pod/pod-readiness.ts";
import type { PreflightRequest, PreflightSource } from "./preflight-source.ts";

/** Where the candidate and its pods are found, and what runs its checks. */
export interface CandidatePreflightParts {
  readonly caches: Pick<Caches, "deployments" | "replicaSets" | "pods">;
  readonly preflights: PreflightSource;
  /** Called at each change of a preflight. */
  readonly onPreflight: (key: string) => void;
}

/**
 * State of a candidate's preflight checks, which start here once one of its pods is ready; undefined when the spec asks for none. A
 * candidate that lost all its pods is checked again.
 */
export function candidatePreflight(
  key: string,
  hash: string,
  { caches, preflights, onPreflight }: CandidatePreflightParts,
): Preflight | undefined {
  const [namespace = "", name = ""] = key.split("/");
  const deployment = caches.deployments.cache.find({ namespace, name });
  const asked = deployment && askedOf(deployment);
  if (deployment === undefined || asked === undefined) {
    preflights.forget(key);
    return undefined;
  }
  const { stable, model } = deployment.status ?? {};
  const pods = podsOf(deployment, hash, caches);
  if (pods.length === 0) preflights.forget(key);
  const candidate = readyAddress(pods);
  if (candidate !== undefined) {
    const address = readyAddress(podsOf(deployment, stable?.revision, caches));
    const request = { key, namespace, hash, candidate, stable: { address, signature: model?.signature }, ...asked };
    preflights.ask(request, () => onPreflight(key));
  }
  return (
    preflights.preflight(key, hash) ?? { state: "Running", message: "it is tried as soon as one of its pods is ready" }
  );
}

/** The checks that the spec asks for; undefined: none. */
function askedOf({ spec }: ModelDeployment): Pick<PreflightRequest, "isAnySignatureAllowed" | "golden"> | undefined {
  const isAnySignatureAllowed = spec.model.signatureCompatibility === "Allow";
  const { golden } = spec.rollout?.analysis?.predictionDiff ?? {};
  if (golden !== undefined) {
    const { configMap, tolerance = analysisDefaults.goldenTolerance } = golden;
    return { isAnySignatureAllowed, golden: { ...(configMap === undefined ? {} : { configMap }), tolerance } };
  }
  return isAnySignatureAllowed ? undefined : { isAnySignatureAllowed };
}

function podsOf(
  { metadata }: ModelDeployment & Stored,
  hash: string | undefined,
  { replicaSets, pods }: CandidatePreflightParts["caches"],
): readonly (Pod & Stored)[] {
  if (hash === undefined) return [];
  return replicaSets.cache
    .withIndex("owner", metadata.uid)
    .filter(({ metadata: { name } }) => name.endsWith(`-${hash}`))
    .flatMap(({ metadata: { uid } }) => pods.cache.withIndex("owner", uid));
}

function readyAddress(pods: readonly (Pod & Stored)[]): string | undefined {
  const ready = pods.find((pod) => isPodReady(pod) && pod.metadata.deletionTimestamp === undefined);
  return ready?.status?.podIP;
}
