import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { systemNamespace } from "../../../operator/model-deployment/resources/labels.ts";
import { grantedRights, usedRights } from "../../charts/modelwright/rights.ts";
import { startTimeoutMs, whyNoControlPlane } from "../control-plane.ts";
import { runWithoutCrashes } from "./crash-chain.ts";
import { chainCount, runCrashMatrix } from "./crash-matrix.ts";
import { operatorUser, type TestCluster, startTestCluster } from "./cluster/test-cluster.ts";

const reason = whyNoControlPlane();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

/**
 * MODELWRIGHT_CRASHES=all runs every crash point: minutes on two idle processors, an hour beside other work. A number runs that
 * many chains of stories.
 */
const size = process.env["MODELWRIGHT_CRASHES"] ?? "3";
const parallel = Number(process.env["MODELWRIGHT_CRASHES_AT_A_TIME"] ?? 4);

/**
 * Rights for foreign objects that have our names, for gateways of another address family, for servers without streaming lists, and
 * for pods that are updated in place: test/charts/modelwright/installation.test.ts shows their use.
 */
const usedElsewhere = /^(list |get (?!leases|modeldeployments)|delete endpointslices|patch pods$)/;

describe.skipIf(reason !== undefined)(`an operator that crashes, on a real Kubernetes control plane${skipped}`, () => {
  let cluster: TestCluster;
  let folder: string;
  let auditLog: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "modelwright-crashes-"));
    auditLog = join(folder, "audit.jsonl");
    cluster = await startTestCluster({ auditLog });
  }, startTimeoutMs);

  afterAll(async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test(
    "reaches the same state as without a crash, whichever request it crashes before or after",
    async () => {
      const baselines = await runWithoutCrashes(cluster, "baseline");
      const chains = size === "all" ? chainCount(baselines) : Number(size);
      const { crashes, recovered, notReached, failures } = await runCrashMatrix(cluster, {
        baselines,
        chains,
        parallel,
      });
      const counts = `${crashes} crashes in ${baselines.size} stories, ${recovered} recovered`;
      process.stdout.write(`on the real API server: ${counts}; ${notReached} stories ended before their crash\n`);
      expect(failures).toEqual([]);
      expect(crashes).toBeGreaterThan(notReached);
    },
    60 * 60_000,
  );

  test("is refused nothing, and uses every right that changes of models need", async () => {
    const granted = await grantedRights(cluster.kubectl, [
      ["clusterrole", "modelwright-operator-models"],
      ["role", "modelwright-operator", `--namespace=${systemNamespace}`],
    ]);
    const { allowed, forbidden } = await usedRights(auditLog, operatorUser);
    const beyond = allowed.filter((right) => !granted.includes(right));
    const idle = granted.filter((right) => !allowed.includes(right) && !usedElsewhere.test(right));
    expect({ forbidden, beyond, idle }).toEqual({ forbidden: [], beyond: [], idle: [] });
  });
});
