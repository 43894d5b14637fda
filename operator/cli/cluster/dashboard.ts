import { once } from "node:events";

import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { createCache } from "../../kube/cache.ts";
import { resources } from "../../kube/resources.ts";
import { startWatch } from "../../kube/watch/watch.ts";
import { isPortFree } from "../../local/free-port.ts";
import { openPages } from "../../pages/open-pages.ts";
import { rolloutSummary } from "../../rollout-commands/rollout-command.ts";
import { sendCommand } from "../../rollout-commands/send-command.ts";
import { faults } from "../faults.ts";
import { withCluster } from "./with-cluster.ts";
import type { Terminal } from "./cluster-command.ts";
import type { DashboardOptions } from "./options.ts";

/**
 * `modelwright dashboard`: serves the pages of local mode for any cluster, on 127.0.0.1 and with the rights of the kubeconfig,
 * until Ctrl-C. Throws `PortInUse` and what the cluster refuses.
 */
export async function showDashboard(options: DashboardOptions, { print, stop }: Terminal): Promise<void> {
  const port = options.pagePort;
  if (!(await isPortFree(port))) throw faults.PortInUse({ port, flag: "page-port", purpose: "web page" });
  await withCluster(options, async (client) => {
    const cache = createCache<ModelDeployment>();
    // Listing once reports an unreachable cluster or a missing right as an error instead of an empty page.
    await client.list(resources.modelDeployments, { namespace: options.namespace });
    const watch = startWatch<ModelDeployment>({
      client,
      resource: resources.modelDeployments,
      selection: { namespace: options.namespace },
      sink: cache,
    });
    const page = await openPages({
      deployments: () => cache.all(),
      gatewayUrl: undefined,
      runCommand: async (key, command) => rolloutSummary(await sendCommand(client, key, command)),
      port,
    });
    print(`${page.url} shows it; Ctrl-C ends it`);
    const stopping = stop();
    if (!stopping.aborted) await once(stopping, "abort");
    await page.close();
    await watch.stop();
  });
}
