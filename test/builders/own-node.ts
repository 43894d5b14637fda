import type { Client } from "../../operator/kube/client.ts";
import { resources } from "../../operator/kube/resources.ts";

interface OwnNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Adds a ready node to a cluster without kubelets. Its taint `own` keeps away every pod that does not tolerate it. */
export async function addOwnNode(client: Client, { name, labels }: OwnNode): Promise<void> {
  const capacity = { cpu: "8", memory: "16Gi", pods: "110" };
  await client.apply(resources.nodes, {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels },
    spec: { taints: [{ key: "own", effect: "NoSchedule" }] },
  });
  const now = new Date().toISOString();
  const times = { lastHeartbeatTime: now, lastTransitionTime: now };
  const ready = { type: "Ready", status: "True", reason: "Test", message: "", ...times };
  const status = { capacity, allocatable: capacity, conditions: [ready] };
  await client.mergePatch(resources.nodes, { name }, { status }, { subresource: "status" });
}
