import { spawn } from "node:child_process";
import { join, relative } from "node:path";
import type { Reporter } from "vitest/node";

import { reached } from "../architecture/imports.ts";
import { repositoryFiles } from "../architecture/repository.ts";
import { whyNotHere } from "../cluster/launch/binary.ts";

const controlPlane = "test/cluster/control-plane.ts";

/**
 * Vitest reporter that has the control plane built, where it must be, from the start of a run that will need it: a cold build
 * takes minutes, which the tests that don't need it fill.
 */
export function earlyBuild(root: string): Reporter {
  return {
    onTestRunStart(specifications) {
      const paths = specifications.map(({ moduleId }) => relative(root, moduleId));
      if (needControlPlane(paths) && whyNotHere() === undefined) startBuild();
    },
  };
}

/** Whether one of the test files runs the control plane. */
export function needControlPlane(paths: readonly string[]): boolean {
  const tests = repositoryFiles().filter(({ path }) => path.startsWith("test/"));
  return reached(paths, tests).has(controlPlane);
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
