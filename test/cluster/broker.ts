import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, get } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";

import { controlPlaneBinary, startControlPlane } from "./control-plane.ts";
import { capture } from "./launch/kubectl.ts";
import { createStateFolder } from "./launch/state-folder.ts";

/** Where a cluster is, in a form that crosses process borders. */
export interface ClusterAddress {
  readonly kubeconfigPath: string;
  readonly url: string;
  readonly caPath: string;
}

/** Hands one cluster to every process that asks and starts it on the first question. */
export interface Broker {
  readonly url: string;
  stop(): Promise<void>;
}

interface Lease {
  readonly address: ClusterAddress;
  end(): Promise<void>;
}

type Answer = { readonly address: ClusterAddress } | { readonly fault: string };

/**
 * Starts a broker. Its cluster is a new control plane, or the running one that `kubeconfigPath` names,
 * which it leaves running.
 */
export async function startBroker(kubeconfigPath?: string): Promise<Broker> {
  let lease: Promise<Lease> | undefined;
  const answer = async (): Promise<Answer> => {
    lease ??= kubeconfigPath === undefined ? ownCluster() : runningCluster(kubeconfigPath);
    try {
      return { address: (await lease).address };
    } catch (error) {
      return { fault: error instanceof Error ? error.message : String(error) };
    }
  };
  const server = createServer((_request, response) => {
    void answer().then((body) => response.end(JSON.stringify(body)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the broker listens on no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      // Whoever asked has been told about a failed start already.
      const held = await lease?.catch(() => undefined);
      await held?.end();
    },
  };
}

/** Asks a broker for its cluster; the first to ask waits for the start. */
export async function askBroker(url: string): Promise<ClusterAddress> {
  // Not fetch: that gives up after five minutes without headers, and a first start builds Kubernetes.
  const [response] = await once(get(url, { agent: false }), "response");
  // The other side is `answer` above, of the same version.
  const body = (await json(response)) as Answer;
  if ("fault" in body) throw new Error(body.fault);
  return body.address;
}

async function ownCluster(): Promise<Lease> {
  const plane = await startControlPlane();
  const { kubeconfigPath, url, caPath } = plane;
  return { address: { kubeconfigPath, url, caPath }, end: () => plane.stop() };
}

async function runningCluster(kubeconfigPath: string): Promise<Lease> {
  const view = `--kubeconfig=${kubeconfigPath}`;
  const cluster = "{.clusters[0].cluster.server} {.clusters[0].cluster.certificate-authority-data}";
  const query = ["config", "view", "--raw", "--minify", `--output=jsonpath=${cluster}`];
  const { code, stdout, stderr } = await capture(await controlPlaneBinary(), ["kubectl", view, ...query]);
  const [url, ca] = stdout.split(" ");
  if (code !== 0 || !url || !ca) {
    throw new Error(`${kubeconfigPath} names no cluster with an embedded CA; kubectl says: ${stderr || "nothing"}`);
  }
  const folder = await createStateFolder();
  const caPath = join(folder.path, "ca.crt");
  await writeFile(caPath, Buffer.from(ca, "base64"));
  return { address: { kubeconfigPath, url, caPath }, end: () => folder.remove() };
}
