import { join } from "node:path";

import { type Component, startProgram } from "../launch/component.ts";
import { builtPrograms, type GoModule, whyNotBuilt } from "../launch/go-module.ts";

/** Simulates the kubelets of fake nodes: see https://kwok.sigs.k8s.io. */
const module: GoModule = {
  name: "kwok",
  title: "kwok",
  sources: join(import.meta.dirname, "program"),
  builds: [{ packages: ["."], flags: ["-ldflags=-s -w"] }],
};

/** Annotation of the nodes that kwok simulates. */
export const fakeNode = { "kwok.x-k8s.io/node": "fake" };

/** Time limit of hooks that start kwok: the first start builds it, with a Kubernetes client. */
export const kwokBuildTimeoutMs = 10 * 60_000;

/** Says why kwok cannot run on this machine; undefined where it can. */
export function whyNoKwok(): string | undefined {
  return whyNotBuilt(module);
}

/** Path of the kwok program, which is built unless it is in the cache. */
export async function kwokProgram(): Promise<string> {
  return join(await builtPrograms(module), "kwok");
}

/** Starts kwok with its log in the folder. */
export async function startKwok(folder: string, kubeconfigPath: string): Promise<Component> {
  return startProgram(folder, "kwok", [
    await kwokProgram(),
    `--kubeconfig=${kubeconfigPath}`,
    `--config=${join(import.meta.dirname, "stages.yaml")}`,
    "--manage-all-nodes=false",
    `--manage-nodes-with-annotation-selector=${Object.entries(fakeNode).flat().join("=")}`,
    "--node-lease-duration-seconds=40",
    "--server-address=127.0.0.1:0",
    // Enough addresses for every pod of every node; the default has 254.
    "--cidr=10.64.0.0/16",
  ]);
}
