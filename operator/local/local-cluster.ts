import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { modelDeploymentDefinition } from "../../crds/v1alpha1/definition.ts";
import { systemClock } from "../../runtime/base/clock.ts";
import type { Log, LogLevel } from "../../runtime/base/log.ts";
import { type Client, createClient } from "../kube/client.ts";
import { resources } from "../kube/resources.ts";
import { type Operator, startOperator } from "../operator.ts";
import { createApiServer } from "./api-server/api-server.ts";
import { serveHttp } from "./api-server/http-server.ts";
import { startControllers } from "./controllers/controllers.ts";
import { freePort } from "./free-port.ts";
import { gatewayReplicaSet } from "./gateway-manifest.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { startKubelet } from "./kubelet/kubelet.ts";
import type { ReplicaSet } from "../kube/kinds.ts";
import { systemNamespace } from "../model-deployment/resources/labels.ts";
import { modelDeploymentRules } from "../../crds/v1alpha1/validation.ts";

/** Ports and folders of local mode. */
export interface LocalClusterOptions {
  readonly restPort: number;
  readonly grpcPort: number;
  readonly apiPort: number;
  /** Kubeconfig, logs and pod volumes. */
  readonly dataFolder: string;
  /** Folders that stand for PersistentVolumeClaims, by claim name. */
  readonly volumes: Readonly<Record<string, string>>;
  /** Environment of pods' processes: what a program of this machine cannot do without. */
  readonly hostEnvironment: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly logLevel: LogLevel;
}

/** Everything that local mode runs, in this process and its children. */
export interface LocalCluster {
  /** Speaks to the API server in process. */
  readonly client: Client;
  readonly operator: Operator;
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  /** `host:port` of all models for clients of gRPC. */
  readonly grpcAddress: string;
  readonly kubeconfigPath: string;
  /** Ends every pod and socket; resolves when no child is left. */
  stop(): Promise<void>;
}

const runtimeImage = "localhost/modelwright/runtime:dev";
const runtimeMain = fileURLToPath(import.meta.resolve("../../runtime/main.ts"));
/** A route change is known to the one gateway of this machine as soon as it is acknowledged. */
const drainDelayMs = 200;
const terminationGraceSeconds = 10;

/** What has been started, to be ended in the opposite order. */
type Ends = (() => Promise<void>)[];

/**
 * Starts API server, kubelet, controllers, operator and gateway on this machine. Throws when a port is taken or pods cannot
 * have addresses; nothing runs on then.
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const ends: Ends = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    return { ...(await startParts(options, ends)), stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function startParts(options: LocalClusterOptions, ends: Ends): Promise<Omit<LocalCluster, "stop">> {
  const { log, dataFolder } = options;
  mkdirSync(dataFolder, { recursive: true });
  const { apiServer, client, http } = await startControlPlane(options, ends);
  const kubelet = await startKubelet({
    transport: apiServer,
    images: { [runtimeImage]: [process.execPath, runtimeMain] },
    dataFolder,
    volumes: options.volumes,
    hostEnvironment: options.hostEnvironment,
    log: log.with({ part: "kubelet" }),
  });
  ends.push(() => kubelet.stop());
  apiServer.podLogs = kubelet.podLogs;
  const controllers = await startControllers({ transport: apiServer, log: log.with({ part: "controllers" }) });
  ends.push(() => controllers.stop());
  const gatewayUrl = `http://127.0.0.1:${options.restPort}`;
  const gatewayAdminPort = await freePort();
  const operator = await startOperator({
    transport: apiServer,
    settings: { runtimeImage, drainDelayMs, terminationGraceSeconds, logLevel: options.logLevel, frontUrl: gatewayUrl },
    gatewayNamespace: systemNamespace,
    gatewayAdminPort,
    routes: { host: "127.0.0.1", port: 0 },
    log: log.with({ part: "operator" }),
  });
  ends.push(() => operator.stop());
  await client.apply(resources.replicaSets, localGateway(options, operator.routesPort, gatewayAdminPort));
  const kubeconfigPath = join(dataFolder, "kubeconfig");
  writeFileSync(kubeconfigPath, kubeconfigText(http.url), { mode: 0o600 });
  const grpcAddress = `127.0.0.1:${options.grpcPort}`;
  return { client, operator, apiUrl: http.url, gatewayUrl, grpcAddress, kubeconfigPath };
}

/** The API server with the ModelDeployment API and the namespace of the installation. */
async function startControlPlane({ apiPort }: LocalClusterOptions, ends: Ends) {
  const apiServer = createApiServer({ clock: systemClock, rules: modelDeploymentRules });
  ends.push(() => apiServer.close());
  const http = await serveHttp(apiServer, { host: "127.0.0.1", port: apiPort });
  ends.push(() => http.close());
  const client = createClient({ transport: apiServer, fieldManager: "modelwright-local" });
  await client.apply(resources.customResourceDefinitions, modelDeploymentDefinition);
  const metadata = { name: systemNamespace };
  await client.apply(resources.namespaces, { apiVersion: "v1", kind: "Namespace", metadata });
  return { apiServer, client, http };
}

function localGateway(options: LocalClusterOptions, routesPort: number, adminPort: number): ReplicaSet {
  const { restPort, grpcPort, logLevel } = options;
  return gatewayReplicaSet({
    namespace: systemNamespace,
    image: runtimeImage,
    restPort,
    grpcPort,
    adminPort,
    operatorUrl: `http://127.0.0.1:${routesPort}`,
    logLevel,
  });
}
