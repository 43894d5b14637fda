import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withCluster } from "../../../../operator/cli/cluster/with-cluster.ts";
import { resources } from "../../../../operator/kube/resources.ts";
import { freePort } from "../../../../operator/local/free-port.ts";

test("an unreachable cluster is reported with its address and the cause, not with the request", async () => {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-cluster-"));
  const kubeconfig = join(folder, "config");
  const address = `127.0.0.1:${await freePort()}`;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "gone", cluster: { server: `http://${address}` } }],
    users: [{ name: "ada", user: {} }],
    contexts: [{ name: "gone", context: { cluster: "gone", user: "ada" } }],
    "current-context": "gone",
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const listing = withCluster({ kubeconfig, namespace: undefined, apiPort: 1 }, (client) =>
    client.list(resources.modelDeployments, {}),
  );
  await expect(listing).rejects.toMatchObject({
    sentence: `the API server at http://${address} cannot be reached: connect ECONNREFUSED ${address}; start local mode with modelwright start, or choose a cluster with --kubeconfig FILE`,
  });
  rmSync(folder, { recursive: true });
});
