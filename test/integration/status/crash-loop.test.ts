import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Pod } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { type ApiServer, createApiServer } from "../../../operator/local/api-server/api-server.ts";
import { type Controllers, startControllers } from "../../../operator/local/controllers/controllers.ts";
import { type Kubelet, startKubelet } from "../../../operator/local/kubelet/kubelet.ts";
import { systemClock } from "../../../runtime/base/clock.ts";
import { settings } from "../../builders/model-deployment.ts";
import { type OperatorScene, operatorSceneIn } from "../../builders/operator-scene.ts";
import { digits } from "../runtime/program.ts";
import { conditionOf } from "./status-watch.ts";

const namespace = "default";
const program = fileURLToPath(new URL("program.ts", import.meta.url));
/** Factor by which containers restart faster than with Kubernetes' back-off (10 s, 20 s, 40 s, …). */
const speed = 2;
const minuteMs = 60_000 / speed;
const writesPerMinute = 30;
const replicas = 2;

let server: ApiServer;
let controllers: Controllers;
let kubelet: Kubelet;
let scene: OperatorScene;
const dataFolder = mkdtempSync(join(tmpdir(), "modelwright-crash-loop-"));

beforeAll(async () => {
  server = createApiServer({ clock: systemClock });
  scene = await operatorSceneIn({ transport: server, namespace, gatewayNode: "elsewhere" });
  controllers = await startControllers({ transport: server });
  await scene.startGateway("gateway-a", await scene.startOperator());
  const metadata = { name: "models", namespace };
  const binaryData = { "good.h5": readFileSync(digits.model).toString("base64") };
  await scene.client.create(resources.configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, binaryData });
  kubelet = await startKubelet({
    transport: server,
    images: { [settings().runtimeImage]: [process.execPath, program] },
    dataFolder,
    restartBaseMs: 10_000 / speed,
  });
});
afterAll(async () => {
  await scene.stop();
  await kubelet.stop();
  await controllers.stop();
  await server.close();
  rmSync(dataFolder, { recursive: true, force: true });
});

test("a crash-looping model causes few writes and no further pods", { timeout: 90_000 }, async () => {
  const source = { configMap: { name: "models", key: "good.h5" } };
  await scene.client.create<ModelDeployment>(resources.modelDeployments, {
    apiVersion: "modelwright.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: { name: "digits", namespace },
    spec: { model: { source, name: "crashes" }, replicas },
  });
  const endMs = performance.now() + minuteMs;
  const counts = new Set<number>();
  while (performance.now() < endMs) {
    counts.add((await scene.client.list<Pod>(resources.pods, { namespace })).items.length);
    await systemClock.sleep(100);
  }
  expect(conditionOf(await scene.deployment(), "Ready")?.reason).toBe("ContainerCrashLoops");
  expect(Math.max(...counts)).toBe(replicas);
  const writes = scene.requests.filter((request) => !request.startsWith("GET"));
  expect(writes.length).toBeLessThanOrEqual(writesPerMinute);
});
