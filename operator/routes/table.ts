import { durationMs } from "../../crds/schema/grammar/duration.ts";
import type {
  ModelDeployment,
  ModelDeploymentSpec,
  ModelDeploymentStatus,
} from "../../crds/v1alpha1/model-deployment.ts";
import { ports } from "../../runtime/contract/ports.ts";
import type { HoldPolicy, Mirror, RevisionRoute, Route, StickyKey } from "../../runtime/contract/route-table.ts";
import type { Pod, Stored } from "../kube/kinds.ts";
import { isPodReady, type Share } from "../model-deployment/snapshot.ts";
import { statusShares } from "../model-deployment/plan/traffic.ts";
import { labels } from "../model-deployment/resources/labels.ts";
import { deploymentKey, declaredModel, modelOfUrl } from "../model-deployment/resources/names.ts";

/** What the spec leaves out; `spec.serving.limits`, `spec.traffic.mirror` and the analysis' `shadow` promise these in crds/v1alpha1. */
const assumed = {
  bodyBytes: 67_108_864,
  timeout: "60s",
  mirrorPercent: 100,
  shadowPercent: 5,
  shadowTolerance: 0.01,
};
const holdPolicy: HoldPolicy = { maxRequests: 256, maxBytes: 67_108_864, timeoutMs: 60_000 };
/** A first pod may have to wait for a node, and then loads: who cannot wait for so long says so by leaving. */
const fromZeroMs = 600_000;

/**
 * What gateways are to know of a ModelDeployment: its status' weights over the pods of each revision. Undefined until it
 * has a port. `pods` are all pods that carry its label.
 */
export function route(deployment: ModelDeployment & Stored, pods: readonly (Pod & Stored)[]): Route | undefined {
  const { metadata, spec, status = {} } = deployment;
  const port = status.gateway?.port;
  if (port === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const { name, namespace = "default" } = metadata;
  const shares = statusShares(status);
  return {
    key: deploymentKey(namespace, name),
    resourceVersion: metadata.resourceVersion,
    model: servedModel(status) ?? declaredModel(name, spec),
    port,
    hostnames: [...serviceNames(name, namespace), ...(spec.traffic?.hostnames ?? [])],
    revisions: shares.map((share) => revisionRoute(share, pods, labelsOf(share, status))),
    hold: holdOf(deployment, shares),
    ...wishes(deployment),
    ...limits(spec),
  };
}

/** By which name clients know what serves: while a renamed model is on its way that is the old one. */
function servedModel({ url = "" }: ModelDeploymentStatus): string | undefined {
  return modelOfUrl(url);
}

/** A wait for the first pod is no part of what a pod's answer may take. */
function limits({ serving, autoscaling }: ModelDeploymentSpec): Pick<Route, "bodyBytes" | "timeoutMs"> {
  const { bodyBytes = assumed.bodyBytes, timeout = assumed.timeout } = serving?.limits ?? {};
  return { bodyBytes, timeoutMs: durationMs(timeout) + (autoscaling === undefined ? 0 : fromZeroMs) };
}

/** Nobody is coming while it is switched off: requests are refused at once instead of waiting. An autoscaler hears of them. */
function holdOf({ spec }: ModelDeployment, shares: readonly Share[]): HoldPolicy {
  if (spec.autoscaling !== undefined && spec.suspend !== true) return { ...holdPolicy, timeoutMs: fromZeroMs };
  return shares.every(({ weight }) => weight === 0) ? { ...holdPolicy, maxRequests: 0 } : holdPolicy;
}

/** Those by which Pods reach the Service. */
function serviceNames(name: string, namespace: string): readonly string[] {
  return ["", ".svc", ".svc.cluster.local"].map((end) => `${name}.${namespace}${end}`);
}

/** What only some routes have. */
function wishes(deployment: ModelDeployment): Pick<Route, "sticky" | "mirror" | "hasOwnVersions"> {
  const sticky = stickyKey(deployment);
  const mirrored = mirror(deployment);
  return {
    ...(sticky === undefined ? {} : { sticky }),
    ...(mirrored === undefined ? {} : { mirror: mirrored }),
    ...(deployment.spec.model.versions === undefined ? {} : { hasOwnVersions: true }),
  };
}

/** Names under which clients may ask for a revision. The first one is what is stable as soon as it serves. */
function labelsOf({ revision }: Share, { stable, candidate }: ModelDeploymentStatus): readonly string[] {
  const isStable = revision === (stable ?? candidate)?.revision;
  return [...(isStable ? ["stable"] : []), ...(revision === candidate?.revision ? ["canary", "candidate"] : [])];
}

/** Between two rollouts the salt stays that of the last one. */
function stickyKey({ spec, status: { stable, candidate } = {} }: ModelDeployment): StickyKey | undefined {
  const { header, cookie } = spec.traffic?.sticky ?? {};
  const salt = (candidate ?? stable)?.revision ?? "";
  if (header !== undefined) return { header, salt };
  return cookie === undefined ? undefined : { cookie, salt };
}

/** Copies that the candidate answers as well, as long as somebody else answers too. */
function mirror({ metadata, spec, status = {} }: ModelDeployment): Mirror | undefined {
  const { stable, candidate } = status;
  const wanted = copies(spec);
  // It knows none of the requests that come in under another name.
  if (servedModel(status) !== undefined && servedModel(status) !== declaredModel(metadata.name, spec)) return undefined;
  if (wanted === undefined || candidate === undefined || (stable?.weight ?? 0) === 0) return undefined;
  return { revision: candidate.revision, ...wanted };
}

/** Compared where the analysis wants that; of two that want copies the one that wants more gets them. */
function copies({ traffic, rollout }: ModelDeploymentSpec): Omit<Mirror, "revision"> | undefined {
  const { mirror: dropped } = traffic ?? {};
  const { shadow } = rollout?.analysis?.predictionDiff ?? {};
  const { percent = assumed.mirrorPercent } = dropped ?? { percent: 0 };
  if (shadow === undefined) return dropped === undefined ? undefined : { percent };
  const { percent: own = assumed.shadowPercent, tolerance = assumed.shadowTolerance } = shadow;
  return { percent: Math.max(percent, own), compare: { tolerance } };
}

function revisionRoute(
  { revision, version, weight }: Share,
  pods: readonly (Pod & Stored)[],
  named: readonly string[],
): RevisionRoute {
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
    labels: named,
  };
}

function byName(a: Pod & Stored, b: Pod & Stored): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
