import { durationMs } from "../../crds/schema/grammar/duration.ts";
import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import { ports } from "../../runtime/contract/ports.ts";
import type { HoldPolicy, RevisionRoute, Route } from "../../runtime/contract/route-table.ts";
import type { Pod, Stored } from "../kube/kinds.ts";
import { isPodReady, type Share } from "../model-deployment/snapshot.ts";
import { statusShares } from "../model-deployment/plan/traffic.ts";
import { labels } from "../model-deployment/resources/labels.ts";
import { deploymentKey } from "../model-deployment/resources/names.ts";

/** `spec.serving.limits` where the spec is silent; crds/v1alpha1/serving.ts promises these. */
const assumed = { bodyBytes: 67_108_864, timeoutMs: 60_000 };
const holdPolicy: HoldPolicy = { maxRequests: 256, maxBytes: 67_108_864, timeoutMs: 60_000 };

/**
 * What gateways are to know of a ModelDeployment: its status' weights over the pods of each revision. Undefined until it
 * has a port. `pods` are all pods that carry its label.
 */
export function route(deployment: ModelDeployment & Stored, pods: readonly (Pod & Stored)[]): Route | undefined {
  const { metadata, spec, status = {} } = deployment;
  const port = status.gateway?.port;
  if (port === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const { name, namespace = "default" } = metadata;
  const { bodyBytes = assumed.bodyBytes, timeout } = spec.serving?.limits ?? {};
  const shares = statusShares(status);
  const isOff = shares.every(({ weight }) => weight === 0);
  return {
    key: deploymentKey(namespace, name),
    resourceVersion: metadata.resourceVersion,
    model: spec.model.name ?? name,
    port,
    hostnames: [`${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`],
    revisions: shares.map((share) => revisionRoute(share, pods)),
    // Nobody is coming while it is switched off: requests are refused at once instead of waiting.
    hold: isOff ? { ...holdPolicy, maxRequests: 0 } : holdPolicy,
    bodyBytes,
    timeoutMs: timeout === undefined ? assumed.timeoutMs : durationMs(timeout),
  };
}

function revisionRoute({ revision, version, weight }: Share, pods: readonly (Pod & Stored)[]): RevisionRoute {
  const own = pods.filter(({ metadata }) => metadata.labels?.[labels.revision] === revision).sort(byName);
  const addressed = own.flatMap((pod) => {
    const address = pod.status?.podIP ?? "";
    return address === "" ? [] : [{ pod, address }];
  });
  const isLeaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
  return {
    hash: revision,
    version,
    weight,
    endpoints: addressed
      .filter(({ pod }) => !isLeaving(pod) && isPodReady(pod))
      .map(({ pod, address }) => ({ pod: pod.metadata.name, address, port: ports.rest })),
    draining: addressed.filter(({ pod }) => isLeaving(pod)).map(({ address }) => address),
  };
}

function byName(a: Pod & Stored, b: Pod & Stored): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
