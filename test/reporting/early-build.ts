import { spawn } from "node:child_process";
import { join, relative } from "node:path";

import type { Reporter } from "vitest/node";

import { whyNotHere } from "../cluster/launch/binary.ts";

const clientTests: readonly string[] = ["test/integration/clients/clients.test.ts"];

/**
 * Vitest reporter that has the control plane built, where it must be, from the start of a run that has one of
 * `controlPlaneTests`, and the clients of other projects brought for the tests that drive them: either takes minutes on a
 * cold machine, which the other tests fill.
 */
export function earlyBuild(root: string, controlPlaneTests: readonly string[]): Reporter {
  return {
    onTestRunStart(specifications) {
      const needs = (tests: readonly string[]): boolean =>
        specifications.some(({ moduleId }) => tests.includes(relative(root, moduleId)));
      if (needs(controlPlaneTests) && whyNotHere() === undefined) startBuild("control-plane-build.ts");
      if (needs(clientTests)) startBuild("clients-build.ts");
    },
  };
}

function startBuild(script: string): void {
  const child = spawn(process.execPath, [join(import.meta.dirname, script)], {
    // A group of its own, because a build has children that must end with this process too.
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  child.unref();
  process.once("exit", () => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  });
}
