import { readFileSync } from "node:fs";
import { join } from "node:path";

import { builtPrograms, type GoModule, type Report, whyNotBuilt } from "./go-module.ts";

const sources = join(import.meta.dirname, "..", "control-plane");

/** Says why the control plane cannot run on this machine; undefined where it can. */
export function whyNoControlPlane(): string | undefined {
  if (process.platform !== "linux") {
    return `the control plane runs on Linux only, this is ${process.platform}`;
  }
  return whyNotBuilt(controlPlane());
}

/** Path of the control plane's multi-call binary, which is built unless it is in the cache. */
export async function controlPlaneBinary(report?: Report): Promise<string> {
  return join(await builtPrograms(controlPlane(), report), "control-plane");
}

function controlPlane(): GoModule {
  return {
    name: "control-plane",
    title: "the control plane",
    sources,
    builds: [{ packages: ["."], flags: [`-ldflags=-s -w ${versionStamps().join(" ")}`] }],
  };
}

/** Linker flags that set the version. Without them the server reports v0.0.0-master, which charts with a kubeVersion refuse. */
function versionStamps(): readonly string[] {
  const goMod = readFileSync(join(sources, "go.mod"), "utf8");
  const [, version, major, minor] = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/.exec(goMod) ?? [];
  if (version === undefined) throw new Error("go.mod of the control plane does not require k8s.io/kubernetes");
  return ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((path) => [
    `-X ${path}.gitVersion=${version}`,
    `-X ${path}.gitMajor=${major}`,
    `-X ${path}.gitMinor=${minor}`,
  ]);
}
