import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import { Fault } from "../../runtime/base/fault.ts";
import { createClient } from "../kube/client.ts";
import { type Connection, loadConnection, plainConnection } from "../kube/config.ts";
import { createHttpTransport } from "../kube/http-transport.ts";
import type { Pod } from "../kube/kinds.ts";
import { resources } from "../kube/resources.ts";
import { isPortFree } from "../local/free-port.ts";
import { labels } from "../model-deployment/resources/labels.ts";
import type { StatusOptions } from "./command-line.ts";
import { faults } from "./faults.ts";
import { statusTree } from "./status.ts";

/** A cluster that does not answer within this time is reported as unreachable. */
const deadlineMs = 10_000;
const unanswered = new Set(["NoResponse", "DeadlineExceeded"]);

/** `modelwright status`: prints the tree of all ModelDeployments. Throws `ServerUnreachable` and what the server refuses. */
export async function showStatus(options: StatusOptions, print: (line: string) => void): Promise<void> {
  const connection = await chosenConnection(options);
  const transport = createHttpTransport({ connection });
  const client = createClient({ transport, fieldManager: "modelwright-cli", deadlineMs });
  const { namespace } = options;
  try {
    const deployments = await client.list<ModelDeployment>(resources.modelDeployments, { namespace });
    const pods = await client.list<Pod>(resources.pods, { namespace, labelSelector: labels.deployment });
    statusTree(deployments.items, pods.items).forEach(print);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (!unanswered.has(fault.code)) throw fault;
    throw faults.ServerUnreachable({ url: connection.server, cause: fault.message }, thrown);
  } finally {
    await transport.close();
  }
}

/** Local mode where it runs and nothing else was asked for; kubectl's choice otherwise. */
async function chosenConnection({ kubeconfig, apiPort }: StatusOptions): Promise<Connection> {
  if (kubeconfig !== undefined) return loadConnection({ kubeconfigPath: kubeconfig });
  return (await isPortFree(apiPort)) ? loadConnection() : plainConnection(`http://127.0.0.1:${apiPort}`);
}
