import type { ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";

/** Names of the objects of a ModelDeployment. No other file puts names together. */

/** Of a revision: `hash` is that of what makes it one, so the same spec finds its ReplicaSet again. */
export function replicaSetName(deployment: string, hash: string): string {
  return `${deployment}-${hash}`;
}

/** Of its model on the wire, as the spec wants it: clients name it. */
export function declaredModel(deployment: string, { model }: Pick<ModelDeploymentSpec, "model">): string {
  return model.name ?? deployment;
}

/** Not the bare name: a ModelDeployment may be called `default`, as the ServiceAccount of every namespace is. */
export function serviceAccountName(deployment: string): string {
  return `${deployment}-runtime`;
}

/** The bare name: it is the host that clients ask. */
export function serviceName(deployment: string): string {
  return deployment;
}

/** Of the Service of one revision's pods; a ReplicaSet has the same name. */
export function revisionServiceName(deployment: string, hash: string): string {
  return `${deployment}-${hash}`;
}

/** One for each ModelDeployment, whatever its revisions are. */
export function httpRouteName(deployment: string): string {
  return deployment;
}

/** One for the pods of all revisions together. */
export function podDisruptionBudgetName(deployment: string): string {
  return deployment;
}

/** A slice has addresses of one family only. */
export function endpointSliceName(deployment: string, addressType: "IPv4" | "IPv6"): string {
  return addressType === "IPv4" ? `${deployment}-gateway` : `${deployment}-gateway-ipv6`;
}

/** A hash of ours, then the suffix of a ReplicaSet's pods, of Kubernetes' own alphabet (apimachinery `util/rand`). */
const podNameEnd = /-[a-z2-9]{10}-[a-z2-9]{5}$/;
/** Length from which on Kubernetes cuts the name before it puts the suffix to it (apiserver `storage/names`). */
const longestPodName = 63;

/** False of a pod that cannot be of a ReplicaSet of ours; most others have names that ours cannot have. */
export function mayBePodName(name: string): boolean {
  return podNameEnd.test(name) || name.length >= longestPodName;
}

/** `<namespace>/<name>`: key of a ModelDeployment in queues and route tables. */
export function deploymentKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

const modelsPath = "/v1/models/";

/** Where a model is reached, below what its clients come in through. */
export function modelUrl(base: string, model: string): string {
  return `${base}${modelsPath}${model}`;
}

/** Name of the model in such a URL; undefined in any other. */
export function modelOfUrl(url: string): string | undefined {
  const at = url.lastIndexOf(modelsPath);
  return at === -1 ? undefined : url.slice(at + modelsPath.length);
}
