import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import type { Program } from "../../charts/images/program-image.ts";
import { digitsAnswer, digitsExpected, digitsRequest } from "./digits.ts";
import { builtImage, writeProgramImages } from "./node/images.ts";
import { type Node, nodeStartTimeoutMs, startNode } from "./node/node.ts";
import { whyNoNode } from "./node/programs.ts";
import { traffic } from "./node/traffic.ts";

const reason = whyNoNode();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;
const root = join(import.meta.dirname, "..", "..");
const manifests = join(root, "charts", "manifests");
const example = join(root, "crds", "examples", "digits.yaml");
const operator = "system:serviceaccount:modelwright-system:modelwright-operator";

const demo = `
apiVersion: v1
kind: Namespace
metadata: {name: demo, labels: {pod-security.kubernetes.io/enforce: restricted}}
`;

const scarce = `
apiVersion: modelwright.dev/v1alpha1
kind: ModelDeployment
metadata: {name: scarce, namespace: demo}
spec:
  model: {source: {configMap: {name: simple-model, key: simple_model.h5}}}
  replicas: 3
  resources: {gpu: {count: 1}}
`;

/** The fields of an audit.k8s.io/v1 event that this test reads. */
interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly responseStatus?: { readonly code: number };
}

describe.skipIf(reason !== undefined)(`an installation with the manifests on a real node${skipped}`, () => {
  let node: Node;
  let scratch: string;
  let auditLog: string;
  let url: string;

  /** The output of kubectl. Throws with its error output if it fails. */
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await node.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const inDemo = (...args: readonly string[]): Promise<string> => kubectl("--namespace=demo", ...args);
  const inSystem = (...args: readonly string[]): Promise<string> => kubectl("--namespace=modelwright-system", ...args);
  const patch = (spec: object): Promise<string> =>
    inDemo("patch", "mwd/simple-model", "--type=merge", `--patch=${JSON.stringify({ spec })}`);
  const field = (object: string, path: string): Promise<string> => inDemo("get", object, `--output=jsonpath={${path}}`);

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "modelwright-installation-"));
    auditLog = join(scratch, "audit.jsonl");
    node = await startNode({ auditLog, gpus: 2 });
    await node.importImages(await writeProgramImages(scratch, ["operator", "runtime"]));
    await kubectl("apply", "--server-side", `--kustomize=${manifests}`);
  }, nodeStartTimeoutMs);
  afterAll(async () => {
    await node.stop();
    await rm(scratch, { recursive: true });
  });

  test.each([
    ["operator", 80],
    ["runtime", 120],
  ] as const satisfies [Program, number][])(
    "has an image of the %s of at most %i MB beyond Node",
    async (program, mostMb) => {
      const [, ...beyondNode] = (await builtImage(program)).layers;
      const sizeBytes = beyondNode.reduce((sum, layer) => sum + layer.sizeBytes, 0);
      expect(sizeBytes / 1e6).toBeLessThanOrEqual(mostMb);
    },
  );

  test("runs two operators and two gateways in a restricted namespace", { timeout: 120_000 }, async () => {
    await inSystem("rollout", "status", "deployment/modelwright-operator", "--timeout=60s");
    await inSystem("rollout", "status", "deployment/modelwright-gateway", "--timeout=60s");
    const phases = await inSystem("get", "pods", "--output=jsonpath={range .items[*]}{.status.phase} {end}");
    expect(phases).toBe("Running Running Running Running ");
  });

  test("serves the example to clients inside and outside the cluster", { timeout: 120_000 }, async () => {
    await node.kubectl(["create", "--filename=-"], { input: demo });
    await inDemo("apply", `--filename=${example}`);
    const ready = await inDemo("wait", "mwd/simple-model", "--for=condition=Ready", "--timeout=90s");
    expect(ready).toBe("modeldeployment.modelwright.dev/simple-model condition met\n");

    const statusUrl = await field("mwd/simple-model", ".status.url");
    expect(statusUrl).toBe("http://simple-model.demo.svc:8501/v1/models/simple_model");
    url = `http://${await field("service/simple-model", ".spec.clusterIP")}:8501/v1/models/simple_model:predict`;
    expect(await digitsAnswer(url)).toEqual(digitsExpected());

    const script = `
      const response = await fetch(${JSON.stringify(`${statusUrl}:predict`)}, { method: "POST", body: ${JSON.stringify(digitsRequest())} });
      const { predictions } = await response.json();
      console.log(JSON.stringify(predictions[0].map((value) => value.toFixed(3))));`;
    const pod = await inDemo("get", "pods", "--output=name");
    const node24 = ["/usr/local/bin/node", "--input-type=module", "--eval", script];
    expect(JSON.parse(await inDemo("exec", pod.trim(), "--", ...node24))).toEqual(digitsExpected());
  });

  test("changes the revision without a failed request", { timeout: 120_000 }, async () => {
    const load = traffic(url);
    await patch({ serving: { logging: { level: "Warn" } } });
    const query = "--for=jsonpath={.status.stable.version}=2";
    await inDemo("wait", "mwd/simple-model", query, "--timeout=90s");
    const { answered, failed } = await load.stop();
    expect(failed).toEqual([]);
    expect(answered).toBeGreaterThan(10);
  });

  test(
    "continues under another leader, without a failed request, when the leader is killed",
    { timeout: 120_000 },
    async () => {
      const holder = (): Promise<string> =>
        inSystem("get", "lease", "modelwright-operator", "--output=jsonpath={.spec.holderIdentity}");
      const [leader = ""] = (await holder()).split("_");
      const load = traffic(url);
      await inSystem("delete", "pod", leader, "--grace-period=0", "--force");
      await patch({ replicas: 2 });
      await inDemo("wait", "mwd/simple-model", "--for=jsonpath={.status.stable.ready}=2", "--timeout=90s");
      const { failed } = await load.stop();
      expect(failed).toEqual([]);
      expect(await holder()).not.toContain(leader);
    },
  );

  test("reports in the scheduler's words what a pod without a GPU waits for", { timeout: 120_000 }, async () => {
    await kubectl("wait", "node", "--all", "--for=jsonpath={.status.allocatable.nvidia\\.com/gpu}=2", "--timeout=30s");
    await node.kubectl(["create", "--filename=-"], { input: scarce });
    const phases = "--output=jsonpath={range .items[*]}{.status.phase} {end}";
    const selected = "--selector=modelwright.dev/model-deployment=scarce";
    await vi.waitFor(
      async () => {
        const pods = (await inDemo("get", "pods", selected, phases)).trim().split(" ");
        expect(pods.toSorted()).toEqual(["Pending", "Running", "Running"]);
        const message = await field("mwd/scarce", '.status.conditions[?(@.type=="Ready")].message');
        expect(message).toContain("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.");
      },
      { timeout: 60_000, interval: 250 },
    );
    await inDemo("delete", "mwd/scarce");
  });

  test("removes a model's objects with the model", { timeout: 120_000 }, async () => {
    await inDemo("delete", `--filename=${example}`);
    const kinds = "replicasets,pods,services,endpointslices,poddisruptionbudgets,serviceaccounts";
    await vi.waitFor(async () => expect(await inDemo("get", kinds, "--output=name")).toBe("serviceaccount/default\n"), {
      timeout: 60_000,
      interval: 500,
    });
  });

  test("has every right that the operator used", async () => {
    const lines = (await readFile(auditLog, "utf8")).trimEnd().split("\n");
    const events = lines.map((line) => JSON.parse(line) as AuditEvent); // written by the API server
    const requests = events.filter(({ user }) => user.username === operator);
    expect(requests.length).toBeGreaterThan(20);
    const refused = requests.filter(
      ({ responseStatus }) => responseStatus?.code === 401 || responseStatus?.code === 403,
    );
    expect(refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
  });
});
