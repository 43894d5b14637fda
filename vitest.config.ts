import { availableParallelism } from "node:os";

import { defineConfig } from "vitest/config";

import { controlPlaneTests } from "./test/reporting/control-plane-tests.ts";
import { earlyBuild } from "./test/reporting/early-build.ts";
import { runReport } from "./test/reporting/run-report.ts";

const root = import.meta.dirname;
const realClusterTests = controlPlaneTests();
/** Tests that start servers, processes or whole control planes. */
const systemTests = [
  "test/{conformance,simulation,integration,cluster,bench,toolchain}/**/*.test.ts",
  ...realClusterTests,
];
const shared = { pool: "forks", testTimeout: 20_000, hookTimeout: 120_000 } as const;

export default defineConfig({
  test: {
    reporters: ["default", earlyBuild(root, realClusterTests), runReport(root)],
    globalSetup: ["test/cluster/global-setup.ts"],
    projects: [
      {
        test: {
          ...shared,
          name: "parts",
          include: ["test/**/*.test.ts"],
          exclude: systemTests,
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 1 },
        },
      },
      {
        // One file at a time, after the others: they measure times and load the machine themselves.
        test: {
          ...shared,
          name: "system",
          include: systemTests,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
