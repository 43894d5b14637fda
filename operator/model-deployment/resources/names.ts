/** Names of the objects of a ModelDeployment. No other file puts names together. */

export function replicaSetName(deployment: string, hash: string): string {
  return `${deployment}-${hash}`;
}

/** Not the bare name: a ModelDeployment may be called `default`, as the ServiceAccount of every namespace is. */
export function serviceAccountName(deployment: string): string {
  return `${deployment}-runtime`;
}

export function serviceName(deployment: string): string {
  return deployment;
}

export function podDisruptionBudgetName(deployment: string): string {
  return deployment;
}

export function endpointSliceName(deployment: string, addressType: "IPv4" | "IPv6"): string {
  return addressType === "IPv4" ? `${deployment}-gateway` : `${deployment}-gateway-ipv6`;
}

/** `<namespace>/<name>`: key of a ModelDeployment in queues and route tables. */
export function deploymentKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
