import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createClient } from "../../../operator/kube/client.ts";
import { inClusterConnection, loadConnection } from "../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../operator/kube/http-transport.ts";
import { resources } from "../../../operator/kube/resources.ts";
import type { Transport } from "../../../operator/kube/transport.ts";
import { Fault } from "../../../runtime/base/fault.ts";
import { startTimeoutMs, whyNoControlPlane } from "../../cluster/control-plane.ts";
import { sharedControlPlane } from "../../cluster/shared.ts";

const reason = whyNoControlPlane();
const title = `a pod's service account on a real kube-apiserver${reason === undefined ? "" : ` (skipped: ${reason})`}`;

describe.skipIf(reason !== undefined)(title, () => {
  let folder: string;
  let admin: Transport;
  let pod: Transport;

  beforeAll(async () => {
    const { kubeconfigPath, caPath, url } = await sharedControlPlane();
    folder = await mkdtemp(join(tmpdir(), "modelwright-account-"));
    admin = createHttpTransport({ connection: await loadConnection({ kubeconfigPath }) });
    await Promise.all([
      copyFile(caPath, join(folder, "ca.crt")),
      writeFile(join(folder, "namespace"), "default"),
      writeFile(join(folder, "token"), await tokenOf(admin)),
    ]);
    const { hostname, port } = new URL(url);
    pod = createHttpTransport({ connection: await inClusterConnection({ host: hostname, port, folder }) });
  }, startTimeoutMs);
  afterAll(async () => {
    await Promise.all([admin.close(), pod.close(), rm(folder, { recursive: true })]);
  });

  test("authenticates with its token over TLS with the cluster's CA, and reports which right is missing", async () => {
    const client = createClient({ transport: pod, fieldManager: "conformance" });
    const thrown = await client.list(resources.pods, { namespace: "default" }).catch((error: unknown) => error);
    expect(thrown instanceof Fault && thrown.sentence).toBe(
      'list pods default was refused: pods is forbidden: User "system:serviceaccount:default:default" cannot list resource "pods" in API group "" in the namespace "default"; grant the verb in the role of the service account',
    );
  });

  test("continues with the token that has replaced a refused one", async () => {
    const good = await tokenOf(admin);
    await writeFile(join(folder, "token"), "not-a-token");
    const { hostname, port } = new URL((await sharedControlPlane()).url);
    const transport = createHttpTransport({ connection: await inClusterConnection({ host: hostname, port, folder }) });
    const version = { method: "GET", path: "/api" } as const;
    const before = await transport.send(version);
    await writeFile(join(folder, "token"), good);
    const after = await transport.send(version);
    expect([before.status, after.status]).toEqual([401, 200]);
    await transport.close();
  });
});

async function tokenOf(admin: Transport): Promise<string> {
  const { body } = await admin.send({
    method: "POST",
    path: "/api/v1/namespaces/default/serviceaccounts/default/token",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} }),
  });
  return (JSON.parse(body) as { status: { token: string } }).status.token; // a TokenRequest
}
