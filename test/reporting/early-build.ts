import { spawn } from "node:child_process";
import { join, relative } from "node:path";

import type { Reporter } from "vitest/node";

import { whyNotHere } from "../cluster/launch/binary.ts";

/**
 * Vitest reporter that has the control plane built, where it must be, from the start of a run that has one of
 * `controlPlaneTests`: a cold build takes minutes, which the other tests fill.
 */
export function earlyBuild(root: string, controlPlaneTests: readonly string[]): Reporter {
  return {
    onTestRunStart(specifications) {
      const isNeeded = specifications.some(({ moduleId }) => controlPlaneTests.includes(relative(root, moduleId)));
      if (isNeeded && whyNotHere() === undefined) startBuild();
    },
  };
}

function startBuild(): void {
  const child = spawn(process.execPath, [join(import.meta.dirname, "control-plane-build.ts")], {
    // A group of its own, because a build has children that must end with this process too.
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  child.unref();
  process.once("exit", () => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  });
}
