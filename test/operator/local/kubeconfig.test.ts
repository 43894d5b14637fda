import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConnection } from "../../../operator/kube/config.ts";
import { kubeconfigText } from "../../../operator/local/kubeconfig.ts";

test("the kubeconfig of local mode points to the API server and the default namespace", async () => {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-kubeconfig-"));
  const path = join(folder, "kubeconfig");
  writeFileSync(path, kubeconfigText("http://127.0.0.1:8001"));
  const { server, namespace } = await loadConnection({ kubeconfigPath: path });
  expect({ server, namespace }).toEqual({ server: "http://127.0.0.1:8001", namespace: "default" });
  rmSync(folder, { recursive: true });
});
