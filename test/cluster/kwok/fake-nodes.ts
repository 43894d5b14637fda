import type { Client } from "../../../operator/kube/client.ts";
import type { KubeObject } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { gpuProductLabel } from "../../../operator/model-deployment/resources/labels.ts";
import { systemClock } from "../../../runtime/base/clock.ts";
import { eventually } from "../../builders/eventually.ts";
import { fakeNode } from "./kwok.ts";

/** Node label with the zone. */
export const zoneLabel = "topology.kubernetes.io/zone";

/** Taint of the nodes, which pods must tolerate. */
export const gpuTaint = { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" } as const;

/** GPU products of the nodes, in alternation. */
export const gpuProducts = ["NVIDIA-H100-80GB-HBM3", "NVIDIA-L4"] as const;

const zones = ["a", "b", "c"] as const;
const gpusPerNode = 8;

interface Node extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Labels of each node by name. */
export type NodeLabels = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** Creates nodes with 8 GPUs each, evenly spread over products and zones, and waits until kwok has made them ready. */
export async function createFakeNodes(client: Client, count: number): Promise<NodeLabels> {
  const nodes = Array.from({ length: count }, (_, index) => {
    const labels = {
      [gpuProductLabel]: gpuProducts[index % gpuProducts.length] ?? "",
      [zoneLabel]: zones[index % zones.length] ?? "",
    };
    return gpuNode({ name: `gpu-${index}`, gpus: gpusPerNode, labels });
  });
  await createReady(client, nodes);
  return new Map(nodes.map(({ metadata }) => [metadata.name, metadata.labels]));
}

/** Node label with the pool. */
export const poolLabel = "test.modelwright.dev/pool";

/** Creates a node for each number of GPUs and waits until kwok has made them ready. */
export async function createPool(client: Client, pool: string, gpus: readonly number[]): Promise<void> {
  const labels = { [poolLabel]: pool };
  await createReady(
    client,
    gpus.map((count, index) => gpuNode({ name: `${pool}-${index}`, gpus: count, labels })),
  );
}

async function createReady(client: Client, nodes: readonly KubeObject[]): Promise<void> {
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const isOne = ({ metadata }: KubeObject): boolean => names.has(metadata.name);
  await Promise.all(nodes.map((node) => client.create(resources.nodes, node)));
  await eventually(
    async () => {
      // Each list is a megabyte, and kwok, the server and this process may share two cores.
      await systemClock.sleep(250);
      return (await client.list<Node>(resources.nodes)).items.filter(isReady).filter(isOne).length;
    },
    (ready) => ready === names.size,
    90_000,
  );
}

interface GpuNode {
  readonly name: string;
  readonly gpus: number;
  readonly labels: Readonly<Record<string, string>>;
}

function gpuNode({ name, gpus, labels }: GpuNode) {
  const capacity = { cpu: "64", memory: "1Ti", pods: "110", "nvidia.com/gpu": String(gpus) };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels, annotations: fakeNode },
    spec: { taints: [gpuTaint] },
    status: { capacity, allocatable: capacity },
  };
}

function isReady({ status }: Node): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}
