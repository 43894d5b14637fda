import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { digitsAnswer, digitsExpected, digitsModel } from "./digits.ts";
import { writeProgramImages } from "./node/images.ts";
import { type Node, nodeStartTimeoutMs, startNode } from "./node/node.ts";
import { whyNoNode } from "./node/programs.ts";

const reason = whyNoNode();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

const namespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "strict", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
};
const model = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "digits", namespace: "strict" },
  binaryData: { "model.h5": digitsModel() },
};
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "digits", namespace: "strict" },
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "runtime",
        image: "localhost/modelwright/runtime:dev",
        imagePullPolicy: "Never",
        args: ["serve", "/models/model.h5", "--name", "digits"],
        readinessProbe: { httpGet: { path: "/readyz", port: 8502 }, periodSeconds: 1 },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: "model", mountPath: "/models" }],
      },
    ],
    volumes: [{ name: "model", configMap: { name: "digits" } }],
  },
};

/** The links, routes, cgroups, mounts and processes of a node that are on the machine. */
function leftovers({ folder, network }: Pick<Node, "folder" | "network">): readonly string[] {
  const routes = readFileSync("/proc/net/route", "utf8").split("\n");
  const hierarchies = readdirSync("/sys/fs/cgroup").map((name) => join("/sys/fs/cgroup", name, network.link));
  const commands = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((id) => (existsSync(`/proc/${id}/cmdline`) ? readFileSync(`/proc/${id}/cmdline`, "utf8") : ""));
  return [
    ...[`/sys/class/net/${network.link}`, folder, ...hierarchies].filter((path) => existsSync(path)),
    ...routes.filter((line) => line.startsWith(`${network.link}\t`)),
    ...readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(folder)),
    ...commands.filter((command) => command.includes(folder)),
  ];
}

describe.skipIf(reason !== undefined)(`a real node${skipped}`, () => {
  let node: Node;
  let images: string;

  beforeAll(async () => {
    images = await mkdtemp(join(tmpdir(), "modelwright-images-"));
    node = await startNode();
    await node.importImages(await writeProgramImages(images, ["runtime"]));
  }, nodeStartTimeoutMs);
  afterAll(async () => {
    await node.stop();
    await rm(images, { recursive: true });
  });

  test("is ready and of the control plane's version", async () => {
    const query = `--output=jsonpath={.status.nodeInfo.kubeletVersion} {.status.addresses[0].address}`;
    const { stdout } = await node.kubectl(["get", "node", node.network.name, query]);
    expect(stdout).toBe(`v1.37.2 ${node.network.address}`);
  });

  test(
    "serves a model with the runtime's image under the restricted Pod Security Standard",
    { timeout: 120_000 },
    async () => {
      const objects = { apiVersion: "v1", kind: "List", items: [namespace, model] };
      expect(await node.kubectl(["create", "--filename=-"], { input: JSON.stringify(objects) })).toMatchObject({
        code: 0,
      });
      // The namespace gets its service account a moment later; pods are refused until then.
      await node.kubectl(["wait", "--for=create", "serviceaccount/default", "--namespace=strict", "--timeout=30s"]);
      expect(await node.kubectl(["create", "--filename=-"], { input: JSON.stringify(pod) })).toMatchObject({ code: 0 });
      const ready = await node.kubectl([
        "wait",
        "--for=condition=Ready",
        "pod/digits",
        "--namespace=strict",
        "--timeout=90s",
      ]);
      expect(ready).toEqual({ code: 0, stdout: "pod/digits condition met\n", stderr: "" });

      const { stdout: address } = await node.kubectl([
        "get",
        "pod",
        "digits",
        "--namespace=strict",
        "--output=jsonpath={.status.podIP}",
      ]);
      expect(await digitsAnswer(`http://${address}:8501/v1/models/digits:predict`)).toEqual(digitsExpected());
    },
  );

  test("leaves nothing on the machine when it is stopped", { timeout: 60_000 }, async () => {
    expect(leftovers(node)).not.toEqual([]);
    await node.stop();
    expect(leftovers(node)).toEqual([]);
  });
});

describe.skipIf(reason !== undefined)(`the end of a node${skipped}`, () => {
  test("leaves nothing on the machine when its parent is killed", { timeout: nodeStartTimeoutMs }, async () => {
    const script = `
      import { startNode } from ${JSON.stringify(join(import.meta.dirname, "node", "node.ts"))};
      const { folder, network } = await startNode();
      process.stdout.write(JSON.stringify({ folder, network }));
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [output] = await once(parent.stdout, "data");
    // Written by the script above.
    const node = JSON.parse(String(output)) as Pick<Node, "folder" | "network">;
    expect(leftovers(node)).not.toEqual([]);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(leftovers(node)).toEqual([]), { timeout: 30_000, interval: 200 });
  });
});
