import { availableParallelism, arch, hostname, platform, release, totalmem } from "node:os";
import type { Client } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/kinds.ts";
import { resources } from "../../kube/resources.ts";

/** Options of `nodeObject`; extended resources by name, such as `nvidia.com/gpu`. */
export interface NodeOptions {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly extendedResources: Readonly<Record<string, number>>;
  /** RFC 3339. */
  readonly now: string;
}

interface Node extends KubeObject {
  readonly status: { readonly allocatable: Readonly<Record<string, string>>; readonly [field: string]: unknown };
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** This machine as a Node object, with all its processors and memory and one address. */
export function nodeObject({ name, labels, extendedResources, now }: NodeOptions): Node {
  const architecture = architectures[arch()] ?? arch();
  const capacity = {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: "1000",
    ...Object.fromEntries(Object.entries(extendedResources).map(([resource, count]) => [resource, String(count)])),
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: nodeLabels(name, labels) },
    status: {
      capacity,
      allocatable: capacity,
      addresses: [
        { type: "InternalIP", address: "127.0.0.1" },
        { type: "Hostname", address: hostname() },
      ],
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "KubeletReady",
          message: "local mode runs pods as processes",
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
      nodeInfo: {
        architecture,
        operatingSystem: platform(),
        kernelVersion: release(),
        osImage: `${platform()} ${release()}`,
        kubeletVersion: "v0.0.0-modelwright-local",
        kubeProxyVersion: "",
        containerRuntimeVersion: `process://${process.version}`,
        machineID: "",
        systemUUID: "",
        bootID: "",
      },
    },
  };
}

/** The labels of the node, including the well-known ones. */
export function nodeLabels(name: string, labels: Readonly<Record<string, string>>): Record<string, string> {
  return {
    "kubernetes.io/arch": architectures[arch()] ?? arch(),
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": platform(),
    ...labels,
  };
}

/** Creates the node or takes over an existing one, and writes its status. */
export async function registerNode(client: Client, node: Node): Promise<void> {
  const { status, ...object } = node;
  await client.apply(resources.nodes, object, { force: true });
  await client.mergePatch(resources.nodes, { name: node.metadata.name ?? "" }, { status }, { subresource: "status" });
}
