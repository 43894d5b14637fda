import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import type { ModelDeployment, ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import { digitsModel } from "../digits.ts";
import { writeProgramImages } from "./images.ts";
import { type Node, nodeStartTimeoutMs, startNode } from "./node.ts";
import { whyNoNode } from "./programs.ts";
import { traffic } from "./traffic.ts";

const reason = whyNoNode();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;
const manifests = join(import.meta.dirname, "..", "..", "..", "charts", "manifests");
const rolloutTimeoutMs = 180_000;

const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "gpus" } };
const model = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "digits", namespace: "gpus" },
  binaryData: { "model.h5": digitsModel() },
};

/** A ModelDeployment whose pods need one GPU each. */
function deployment(name: string, changes: Partial<ModelDeploymentSpec>): object {
  const spec = {
    model: { source: { configMap: { name: "digits", key: "model.h5" } } },
    resources: { gpu: { count: 1 } },
    ...changes,
  };
  return {
    apiVersion: "modelwright.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: { name, namespace: "gpus" },
    spec,
  };
}

describe.skipIf(reason !== undefined)(`rollouts on a real node without a spare GPU${skipped}`, () => {
  let node: Node;
  let scratch: string;

  const kubectl = async (args: readonly string[], input?: object): Promise<string> => {
    const { code, stdout, stderr } = await node.kubectl(args, input && { input: JSON.stringify(input) });
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const inGpus = (...args: readonly string[]): Promise<string> => kubectl(["--namespace=gpus", ...args]);
  const apply = (object: object): Promise<string> => kubectl(["apply", "--server-side", "--filename=-"], object);
  const status = async (name: string): Promise<NonNullable<ModelDeployment["status"]>> =>
    (JSON.parse(await inGpus("get", `mwd/${name}`, "--output=json")) as ModelDeployment).status ?? {}; // as its definition has it
  const ready = (name: string) => inGpus("wait", `mwd/${name}`, "--for=condition=Ready", "--timeout=90s");
  const url = async (name: string): Promise<string> => {
    const address = await inGpus("get", `service/${name}`, "--output=jsonpath={.spec.clusterIP}");
    return `http://${address}:8501/v1/models/${name}:predict`;
  };
  /** Changes a model under traffic; returns the capacity modes and reasons that status showed, and the result of the requests. */
  const updated = async (name: string, replicas: number) => {
    const load = traffic(await url(name));
    await apply(deployment(name, { replicas, serving: { logging: { level: "Warn" } } }));
    const [modes, whys] = [new Set<string>(), new Set<string>()];
    await vi.waitFor(
      async () => {
        const { capacity, stable, candidate } = await status(name);
        if (capacity?.mode !== undefined) modes.add(capacity.mode);
        if (capacity?.why !== undefined) whys.add(capacity.why);
        expect([stable?.version, stable?.ready, candidate]).toEqual(["2", replicas, undefined]);
      },
      { timeout: rolloutTimeoutMs, interval: 200 },
    );
    return { modes: [...modes], whys: [...whys], sent: await load.stop() };
  };

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "modelwright-gpus-"));
    node = await startNode({ gpus: 2 });
    await node.importImages(await writeProgramImages(scratch, ["operator", "runtime"]));
    await kubectl(["apply", "--server-side", `--kustomize=${manifests}`]);
    await kubectl([
      "wait",
      "node",
      "--all",
      "--for=jsonpath={.status.allocatable.nvidia\\.com/gpu}=2",
      "--timeout=60s",
    ]);
    await apply(namespace);
    await apply(model);
  }, nodeStartTimeoutMs);
  afterAll(async () => {
    await node.stop();
    await rm(scratch, { recursive: true });
  });

  test("two pods that have both GPUs are swapped without a failed request", { timeout: 300_000 }, async () => {
    await apply(deployment("pair", { replicas: 2 }));
    await ready("pair");
    const { modes, whys, sent } = await updated("pair", 2);
    expect(modes).toEqual(["Surge", "Swap"]);
    expect(whys.at(-1)).toBe(
      "each stable pod makes room for one of the candidate's, because there was no free capacity: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
    );
    expect(sent.failed).toEqual([]);
    process.stdout.write(`swap: ${sent.answered} requests, the longest ${Math.round(sent.longestMs)} ms\n`);
  });

  test("requests wait while the only pod is replaced on the only GPU", { timeout: 300_000 }, async () => {
    await inGpus("delete", "mwd/pair");
    await apply(deployment("other", { replicas: 1 }));
    await apply(deployment("only", { replicas: 1 }));
    await ready("only");
    await ready("other");
    const { modes, whys, sent } = await updated("only", 1);
    expect(modes).toEqual(["Surge", "Recreate"]);
    expect(whys.at(-1)).toMatch(
      /^the stable pod makes room, requests wait at the gateway until the candidate is ready, because there was no free capacity: 0\/1 nodes are available: 1 Insufficient nvidia\.com\/gpu\./,
    );
    expect(sent.failed).toEqual([]);
    process.stdout.write(`recreate: ${sent.answered} requests, the longest ${Math.round(sent.longestMs)} ms\n`);
  });
});
