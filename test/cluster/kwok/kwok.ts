import { join } from "node:path";

import { type Component, startProgram } from "../launch/component.ts";
import { builtPrograms, type GoModule, whyNotBuilt } from "../launch/go-module.ts";

/** Plays the kubelets of nodes that do not exist: see https://kwok.sigs.k8s.io. */
const module: GoModule = {
  name: "kwok",
  title: "kwok",
  sources: join(import.meta.dirname, "program"),
  builds: [{ packages: ["."], flags: ["-ldflags=-s -w"] }],
};

/** Annotation of the nodes that kwok plays. */
export const fakeNode = { "kwok.x-k8s.io/node": "fake" };

/** Longest time that the first build may take, which compiles a client of Kubernetes. For hooks that start kwok. */
export const kwokBuildTimeoutMs = 10 * 60_000;

/** Says why kwok cannot run on this machine; undefined where it can. */
export function whyNoKwok(): string | undefined {
  return whyNotBuilt(module);
}

/** Path of kwok, which is built when it must be. */
export async function kwokProgram(): Promise<string> {
  return join(await builtPrograms(module), "kwok");
}

/** Starts kwok, built when it must be. It writes its log into the folder. */
export async function startKwok(folder: string, kubeconfigPath: string): Promise<Component> {
  return startProgram(folder, "kwok", [
    await kwokProgram(),
    `--kubeconfig=${kubeconfigPath}`,
    `--config=${join(import.meta.dirname, "stages.yaml")}`,
    "--manage-all-nodes=false",
    `--manage-nodes-with-annotation-selector=${Object.entries(fakeNode).flat().join("=")}`,
    "--node-lease-duration-seconds=40",
    "--server-address=127.0.0.1:0",
    // An address for every pod of every node; the default has 254.
    "--cidr=10.64.0.0/16",
  ]);
}
