import { availableParallelism } from "node:os";

import { defineConfig } from "vitest/config";

import { controlPlaneTests } from "./test/reporting/control-plane-tests.ts";
import { earlyBuild } from "./test/reporting/early-build.ts";
import { runReport } from "./test/reporting/run-report.ts";

const root = import.meta.dirname;
const clusterTests = controlPlaneTests();
/** Tests that start servers and processes, beside those of the real control plane. */
const systemTests = "test/{conformance,simulation,fuzz,integration,cluster,bench,toolchain}/**/*.test.ts";
const shared = { pool: "forks", testTimeout: 20_000, hookTimeout: 120_000 } as const;

export default defineConfig({
  test: {
    reporters: ["default", earlyBuild(root, clusterTests), runReport(root)],
    globalSetup: ["test/cluster/global-setup.ts"],
    projects: [
      {
        test: {
          ...shared,
          name: "parts",
          include: ["test/**/*.test.ts"],
          exclude: [systemTests, ...clusterTests],
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 1 },
        },
      },
      // One file at a time, after the others: they measure times and load the machine themselves.
      {
        test: {
          ...shared,
          name: "system",
          include: [systemTests],
          exclude: [...clusterTests],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...shared,
          name: "cluster",
          include: [...clusterTests],
          setupFiles: ["test/reporting/control-plane-wait.ts"],
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
