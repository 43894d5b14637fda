import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { systemNamespace } from "../../../operator/model-deployment/resources/labels.ts";
import { grantedRights, usedRights } from "../../charts/modelwright/rights.ts";
import { startTimeoutMs, whyNotHere } from "../control-plane.ts";
import { playCalmly } from "./crash-chain.ts";
import { chainCount, playMatrix } from "./crash-matrix.ts";
import { operatorUser, type Stage, startStage } from "./stage/stage.ts";

const reason = whyNotHere();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

/**
 * MODELWRIGHT_CRASHES=all plays every crash point: minutes on two processors that have nothing else to do, an hour beside other
 * work. A number plays that many chains of stories.
 */
const size = process.env["MODELWRIGHT_CRASHES"] ?? "3";
const parallel = Number(process.env["MODELWRIGHT_CRASHES_AT_A_TIME"] ?? 4);

/**
 * Rights for objects of somebody else that have our names, for gateways of another address family, and for servers
 * without streaming lists: test/charts/modelwright/installation.test.ts shows their use.
 */
const usedElsewhere = /^(list |get (?!leases|modeldeployments)|delete endpointslices)/;

describe.skipIf(reason !== undefined)(`operators that crash, on a real Kubernetes control plane${skipped}`, () => {
  let stage: Stage;
  let folder: string;
  let auditLog: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "modelwright-crashes-"));
    auditLog = join(folder, "audit.jsonl");
    stage = await startStage({ auditLog });
  }, startTimeoutMs);

  afterAll(async () => {
    await stage?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test(
    "a crash before or after any request changes nothing in what comes of any change",
    async () => {
      const reference = await playCalmly(stage, "calm");
      const chains = size === "all" ? chainCount(reference) : Number(size);
      const { crashes, recovered, spared, failures } = await playMatrix(stage, { reference, chains, parallel });
      const counts = `${crashes} crashes in ${reference.size} stories, ${recovered} recovered`;
      process.stdout.write(`on the real API server: ${counts}; ${spared} stories were over before their crash\n`);
      expect(failures).toEqual([]);
      expect(crashes).toBeGreaterThan(spared);
    },
    60 * 60_000,
  );

  test("the operators were refused nothing, and used every right that the change of models needs", async () => {
    const granted = await grantedRights(stage.kubectl, [
      ["clusterrole", "modelwright-operator-models"],
      ["role", "modelwright-operator", `--namespace=${systemNamespace}`],
    ]);
    const { allowed, forbidden } = await usedRights(auditLog, operatorUser);
    const beyond = allowed.filter((right) => !granted.includes(right));
    const idle = granted.filter((right) => !allowed.includes(right) && !usedElsewhere.test(right));
    expect({ forbidden, beyond, idle }).toEqual({ forbidden: [], beyond: [], idle: [] });
  });
});
