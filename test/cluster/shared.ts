import { inject } from "vitest";

import { controlPlaneBinary, type ClusterAccess } from "./control-plane.ts";
import { askBroker } from "./broker.ts";
import { kubectlFor } from "./launch/kubectl.ts";

/**
 * The control plane that all test files of this run share; the first caller waits for its start. Each test file must use its own
 * namespace.
 */
export async function sharedControlPlane(): Promise<ClusterAccess> {
  const broker = inject("controlPlaneBroker");
  if (!broker) throw new Error("test/cluster/global-setup.ts must be a globalSetup of this vitest project");
  const address = await askBroker(broker);
  return { ...address, kubectl: kubectlFor(await controlPlaneBinary(), address.kubeconfigPath) };
}
