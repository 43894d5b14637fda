import { spawn } from "node:child_process";
import { join, relative } from "node:path";

import type { Reporter } from "vitest/node";

import { whyNoControlPlane } from "../cluster/launch/binary.ts";

const clientTests: readonly string[] = ["test/integration/clients/clients.test.ts"];

/**
 * Vitest reporter that starts building the control plane at the start of a run with one of `controlPlaneTests`, and installing
 * third-party clients for the tests that use them. Either takes minutes on a cold machine, during which other tests run.
 */
export function earlyBuild(root: string, controlPlaneTests: readonly string[]): Reporter {
  return {
    onTestRunStart(specifications) {
      const needs = (tests: readonly string[]): boolean =>
        specifications.some(({ moduleId }) => tests.includes(relative(root, moduleId)));
      if (needs(controlPlaneTests) && whyNoControlPlane() === undefined) startBuild("control-plane-build.ts");
      if (needs(clientTests)) startBuild("clients-build.ts");
    },
  };
}

function startBuild(script: string): void {
  const child = spawn(process.execPath, [join(import.meta.dirname, script)], {
    // A process group of its own, so that the build's children also end with this process.
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  child.unref();
  process.once("exit", () => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  });
}
