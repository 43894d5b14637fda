import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Trial } from "../../analysis/evidence.ts";
import { assumedAnalysis } from "../../analysis/verdict.ts";
import type { Pod, Stored } from "../../kube/kinds.ts";
import type { Caches } from "../../model-deployment/caches.ts";
import { isPodReady } from "../../model-deployment/snapshot.ts";
import type { TrialQuestion, TrialSource } from "../trials.ts";

/** Where a candidate, its pods and its golden requests are found. */
export interface CandidateTrialParts {
  readonly caches: Pick<Caches, "deployments" | "replicaSets" | "pods">;
  readonly trials: TrialSource;
  /** Told of each change of a trial. */
  readonly onTrial: (key: string) => void;
}

/**
 * How the trial of a candidate stands, begun here when one of its pods is ready; undefined when nothing is asked of it. A candidate
 * without any pod is tried anew when it comes back.
 */
export function candidateTrial(
  key: string,
  hash: string,
  { caches, trials, onTrial }: CandidateTrialParts,
): Trial | undefined {
  const [namespace = "", name = ""] = key.split("/");
  const deployment = caches.deployments.cache.find({ namespace, name });
  const asked = deployment && askedOf(deployment);
  if (deployment === undefined || asked === undefined) {
    trials.forget(key);
    return undefined;
  }
  const { stable, model } = deployment.status ?? {};
  const pods = podsOf(deployment, hash, caches);
  if (pods.length === 0) trials.forget(key);
  const candidate = readyAddress(pods);
  if (candidate !== undefined) {
    const address = readyAddress(podsOf(deployment, stable?.revision, caches));
    const question = { key, namespace, hash, candidate, stable: { address, signature: model?.signature }, ...asked };
    trials.ask(question, () => onTrial(key));
  }
  return trials.trial(key, hash) ?? { state: "Running", message: "it is tried as soon as one of its pods is ready" };
}

/** What the spec asks of a candidate; undefined: nothing. */
function askedOf({ spec }: ModelDeployment): Pick<TrialQuestion, "isAnySignatureAllowed" | "golden"> | undefined {
  const isAnySignatureAllowed = spec.model.signatureCompatibility === "Allow";
  const { golden } = spec.rollout?.analysis?.predictionDiff ?? {};
  if (golden !== undefined) {
    const { configMap, tolerance = assumedAnalysis.goldenTolerance } = golden;
    return { isAnySignatureAllowed, golden: { ...(configMap === undefined ? {} : { configMap }), tolerance } };
  }
  return isAnySignatureAllowed ? undefined : { isAnySignatureAllowed };
}

function podsOf(
  { metadata }: ModelDeployment & Stored,
  hash: string | undefined,
  { replicaSets, pods }: CandidateTrialParts["caches"],
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
