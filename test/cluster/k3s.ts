import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { GenericContainer, getContainerRuntimeClient, ImageName, Wait } from "testcontainers";

const image = process.env["MODELWRIGHT_K3S_IMAGE"] ?? "rancher/k3s:v1.34.1-k3s1";
const apiPort = 6443;
const startTimeoutMs = 100_000;

/** A Kubernetes of one node in a container. */
export interface K3s {
  readonly kubeconfigPath: string;
  /** Removes the container and the kubeconfig. */
  stop(): Promise<void>;
}

/** Says why k3s cannot run on this machine; undefined where it can. Nothing is downloaded for it. */
export async function whyNoK3s(): Promise<string | undefined> {
  const client = await getContainerRuntimeClient().catch(() => undefined);
  if (client === undefined) return "no Docker engine answers";
  const isThere = await client.image.exists(ImageName.fromString(image));
  return isThere ? undefined : `the Docker engine has no image ${image}; docker pull ${image}`;
}

/** Starts k3s without the components that no test needs, and waits until its node is registered. */
export async function startK3s(): Promise<K3s> {
  const container = await new GenericContainer(image)
    .withCommand(["server", "--disable=traefik,servicelb,metrics-server", "--tls-san=localhost"])
    .withExposedPorts(apiPort)
    .withPrivilegedMode()
    .withTmpFs({ "/run": "", "/var/run": "" })
    .withPullPolicy({ shouldPull: () => false })
    .withWaitStrategy(Wait.forLogMessage("Node controller sync successful"))
    .withStartupTimeout(startTimeoutMs)
    .start();
  const { output } = await container.exec(["cat", "/etc/rancher/k3s/k3s.yaml"]);
  const folder = await mkdtemp(join(tmpdir(), "modelwright-k3s-"));
  const kubeconfigPath = join(folder, "kubeconfig");
  const server = `server: https://${container.getHost()}:${container.getMappedPort(apiPort)}`;
  await writeFile(kubeconfigPath, output.replace(/server: \S+/, server));
  return {
    kubeconfigPath,
    async stop() {
      await container.stop();
      await rm(folder, { recursive: true });
    },
  };
}
