import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { labels, systemNamespace } from "../../../operator/model-deployment/resources/labels.ts";
import type { Load, Tally } from "../../bench/rollout/load.ts";
import { until } from "../../integration/local/client/until.ts";
import { writeProgramImages } from "../node/images.ts";
import { type Node, nodeStartTimeoutMs, startNode } from "../node/node.ts";
import { whyNoNode } from "../node/programs.ts";
import { type InstalledModel, installModel, isReady, killPod } from "./installed-model.ts";

const reason = whyNoNode();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;
const manifests = join(import.meta.dirname, "..", "..", "..", "charts", "manifests");

/** Each test is repeated until it has sent at least this many requests. */
const wantedRequests = Number(process.env["MODELWRIGHT_ROLLOUT_REQUESTS"] ?? 1);
/** Leaves time for pods to become ready: many CI machines have two cores. */
const pauseMs = wantedRequests === 1 ? 50 : 0;
const timeout = wantedRequests === 1 ? 180_000 : 30 * 60_000;
const steps = [{ setWeight: 10 }, { pause: { duration: "1s" } }, { setWeight: 50 }, { pause: {} }];
const killGoal = 0.99;
/** Errors that clients see when a process is killed. */
const isBroken = /other side closed|ECONNREFUSED|ECONNRESET|UNAVAILABLE|socket hang up/;

const isAtPause = ({ status }: ModelDeployment): boolean => status?.rollout?.paused === true;

describe.skipIf(reason !== undefined)(`rollouts under load on a real node${skipped}`, () => {
  let node: Node;
  let scratch: string;
  let model: InstalledModel;
  let load: Load;
  /** Counters of revisions; each changes the batch size. */
  let [revisions, stable] = [0, 0];

  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await node.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const inSystem = (...args: readonly string[]): Promise<string> => kubectl(`--namespace=${systemNamespace}`, ...args);
  const gateways = () => model.pods({ namespace: systemNamespace, labelSelector: `${labels.component}=gateway` });
  const revised = (number: number): Promise<void> =>
    model.patch({ serving: { batching: { maxSize: 32 + number } }, rollout: { canary: { steps } } });
  const changed = (): Promise<void> => revised((revisions += 1));
  const scaled = async (replicas: number): Promise<void> => {
    await model.patch({ replicas });
    await model.reached((one) => isReady(one) && one.status?.stable?.ready === replicas);
  };
  /** Repeats the actions until enough requests were sent, and returns their results. */
  const repeated = async (name: string, act: () => Promise<void>): Promise<Tally> => {
    const sum: Tally = { requests: 0, failed: 0, failures: [], byRevision: new Map() };
    while (sum.requests < wantedRequests) {
      await act();
      const { requests, failed, failures, byRevision } = load.take();
      sum.requests += requests;
      sum.failed += failed;
      sum.failures.push(...failures);
      for (const [hash, count] of byRevision) sum.byRevision.set(hash, (sum.byRevision.get(hash) ?? 0) + count);
    }
    process.stdout.write(
      `${name}: ${sum.failed} of ${sum.requests} failed\n${sum.failures.map((text) => `  ${text}\n`).join("")}`,
    );
    return sum;
  };

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "modelwright-rollouts-"));
    node = await startNode();
    await node.importImages(await writeProgramImages(scratch, ["operator", "runtime"]));
    await kubectl("apply", "--server-side", `--kustomize=${manifests}`);
    model = await installModel(node, "demo");
    await scaled(2);
    await inSystem("rollout", "status", "deployment/modelwright-gateway", "--timeout=60s");
  }, nodeStartTimeoutMs);
  afterAll(async () => {
    await model?.close();
    await node?.stop();
    await rm(scratch, { recursive: true });
  });
  beforeEach(async () => {
    load = await model.load(pauseMs);
  });
  afterEach(() => load.stop());

  test("a canary is promoted to 10, 50 and 100 % without a failed request", { timeout }, async () => {
    const { failures, byRevision } = await repeated("promoted", async () => {
      await changed();
      await model.reached(isAtPause);
      await model.run("promote");
      await model.reached(isReady);
      stable = revisions;
    });
    expect(failures).toEqual([]);
    expect(byRevision.size).toBeGreaterThan(1);
  });

  test("a canary is aborted at 50 % and reverted without a failed request", { timeout }, async () => {
    const { failures, byRevision } = await repeated("aborted", async () => {
      await changed();
      await model.reached(isAtPause);
      await model.run("abort");
      const { status } = await model.reached(({ status: now }) => now?.candidate === undefined);
      expect(status?.conditions?.find(({ type }) => type === "Ready")?.reason).toBe("RolledBack");
      await revised(stable);
      await model.reached(isReady);
    });
    expect(failures).toEqual([]);
    expect(byRevision.size).toBeGreaterThan(1);
  });

  test("the number of pods changes without a failed request", { timeout }, async () => {
    const { failures } = await repeated("scaled", async () => {
      for (const replicas of [3, 1, 2]) await scaled(replicas);
    });
    expect(failures).toEqual([]);
  });

  test("a gateway is deleted without a failed request", { timeout }, async () => {
    const { failures } = await repeated("a gateway deleted", async () => {
      const [{ metadata: { name: victim } } = { metadata: { name: "nobody" } }] = await gateways();
      await inSystem("delete", "pod", victim);
      await inSystem("rollout", "status", "deployment/modelwright-gateway", "--timeout=90s");
    });
    expect(failures).toEqual([]);
  });

  test("gateways serve by their last route table while no operator runs", { timeout }, async () => {
    const { failures, requests } = await repeated("without operators", async () => {
      await inSystem("scale", "deployment/modelwright-operator", "--replicas=0");
      const labelSelector = `${labels.component}=operator`;
      await until(
        () => model.pods({ namespace: systemNamespace, labelSelector }),
        (pods) => pods.length === 0,
      );
      await sleep(5000);
      await inSystem("scale", "deployment/modelwright-operator", "--replicas=2");
      await inSystem("rollout", "status", "deployment/modelwright-operator", "--timeout=90s");
    });
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(100);
  });

  test("at least 99 % of the requests succeed while pods are killed", { timeout }, async () => {
    const { failed, requests } = await repeated("pods killed", async () => {
      for (let kills = 0; kills < 2; kills += 1) {
        const [victim] = await model.pods();
        if (victim === undefined) throw new Error("the model has no pod");
        killPod(victim);
        await model.reached(({ status }) => status?.stable?.ready !== 2);
        await model.reached((one) => isReady(one) && one.status?.stable?.ready === 2);
      }
    });
    expect(1 - failed / requests).toBeGreaterThanOrEqual(killGoal);
  });

  test("a killed gateway breaks its connections, and its clients reconnect to the other one", { timeout }, async () => {
    const [victim] = await gateways();
    if (victim === undefined) throw new Error("there is no gateway");
    killPod(victim);
    // gRPC clients wait for a second before they reconnect.
    await sleep(3000);
    const broken = load.take();
    await sleep(2000);
    const afterwards = load.take();
    expect(broken.failures.filter((text) => !isBroken.test(text))).toEqual([]);
    expect(afterwards.failures).toEqual([]);
    expect(afterwards.requests).toBeGreaterThan(10);
  });
});
