import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { loadConnection } from "../../../../operator/kube/config.ts";
import { type Client, createClient } from "../../../../operator/kube/client.ts";
import { createHttpTransport } from "../../../../operator/kube/http-transport.ts";
import { systemNamespace } from "../../../../operator/model-deployment/resources/labels.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "../../control-plane.ts";
import type { Kubectl } from "../../launch/kubectl.ts";
import { type FaultProxyOptions } from "../proxy/fault-proxy.ts";
import { type PodPlayer, startPodPlayer } from "./pod-player.ts";
import { startView, type View } from "./view.ts";

/** A real control plane with the release's manifests, in which pods are played. */
export interface Stage {
  /** An administrator, whose requests meet no fault. */
  readonly client: Client;
  readonly kubectl: Kubectl;
  readonly view: View;
  readonly pods: PodPlayer;
  /** How a proxy reaches the API server, and passes for it. */
  readonly server: FaultProxyOptions;
  /** Folder of the operator's service account. */
  readonly account: string;
  /** Folder for what operators compile at their start. */
  readonly compiled: string;
  stop(): Promise<void>;
}

/** Who operators are: the service account that the manifests bind rights to. */
export const operatorUser = `system:serviceaccount:${systemNamespace}:modelwright-operator`;

const manifests = join(import.meta.dirname, "../../../../charts/manifests");

export async function startStage(options: ControlPlaneOptions = {}): Promise<Stage> {
  const plane = await startControlPlane({
    ...options,
    scheduler: false,
    beforeControllers: async (kubectl) => void (await printed(kubectl, ["apply", "--server-side", `-k${manifests}`])),
  });
  const transport = createHttpTransport({ connection: await loadConnection({ kubeconfigPath: plane.kubeconfigPath }) });
  const client = createClient({ transport, fieldManager: "test" });
  const view = await startView(client);
  const pods = await startPodPlayer({ client, transport, view });
  const [cert, key, ca] = await Promise.all(
    ["apiserver.crt", "apiserver.key", "ca.crt"].map((name) => readFile(join(plane.folder, name), "utf8")),
  );
  return {
    client,
    kubectl: plane.kubectl,
    view,
    pods,
    server: { upstream: { url: plane.url, ca: ca ?? "" }, tls: { cert: cert ?? "", key: key ?? "" } },
    account: await writeAccount(plane),
    compiled: join(plane.folder, "compiled"),
    async stop() {
      await pods.stop();
      await view.stop();
      await transport.close();
      await plane.stop();
    },
  };
}

/** What the command printed; a failing one fails the test with its words. */
export async function printed(kubectl: Kubectl, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function writeAccount({ folder, kubectl, caPath }: ControlPlane): Promise<string> {
  const account = join(folder, "account");
  await mkdir(account);
  const token = await printed(kubectl, ["create", "token", "modelwright-operator", `--namespace=${systemNamespace}`]);
  await writeFile(join(account, "token"), token.trim());
  await writeFile(join(account, "namespace"), systemNamespace);
  await copyFile(caPath, join(account, "ca.crt"));
  return account;
}
