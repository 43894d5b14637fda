import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { type ApiServer, createApiServer } from "../../../operator/local/api-server/api-server.ts";
import { type Controllers, startControllers } from "../../../operator/local/controllers/controllers.ts";
import { systemNamespace } from "../../../operator/model-deployment/resources/labels.ts";
import { type Operator, startOperator } from "../../../operator/operator.ts";
import { systemClock } from "../../../runtime/base/clock.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { modelDeployment, settings } from "../../builders/model-deployment.ts";
import { type OperatorScene, operatorSceneIn } from "../../builders/operator-scene.ts";
import { type Refusal, refusingTransport } from "./rejecting-transport.ts";
import { disagreements, type StatusWatch, watchStatus } from "./status-watch.ts";

const namespace = "default";

let server: ApiServer;
let controllers: Controllers;
let scene: OperatorScene;
let seen: StatusWatch;
let operator: Operator;
let refused: { readonly plural: string; readonly refusal: Refusal } | undefined;

beforeAll(async () => {
  server = createApiServer({ clock: systemClock });
  scene = await operatorSceneIn({ transport: server, namespace });
  controllers = await startControllers({ transport: server });
  seen = watchStatus(scene.client, namespace);
  operator = await startOperator({
    transport: refusingTransport(server, ({ method, path }) =>
      refused !== undefined && method === "POST" && path.includes(`/${refused.plural}`) ? refused.refusal : undefined,
    ),
    settings: settings({ drainDelayMs: 50 }),
    gatewayNamespace: systemNamespace,
    routes: { host: "127.0.0.1", port: 0 },
    log: silentLog,
  });
  await scene.startGateway("gateway-a", operator);
});
afterAll(async () => {
  await operator.stop();
  await seen.stop();
  await scene.stop();
  await controllers.stop();
  await server.close();
});

interface Case {
  readonly plural: string;
  readonly refusal: Refusal;
  readonly ready: string;
  readonly message: string;
}

const user = "system:serviceaccount:modelwright-system:modelwright-operator";
const denied = `replicasets.apps is forbidden: User "${user}" cannot create resource "replicasets" in API group "apps" in the namespace "default"`;
const terminating =
  'services "ending" is forbidden: unable to create new content in namespace default because it is being terminated';
const overQuota =
  'services "crowded" is forbidden: exceeded quota: few, requested: services=1, used: services=2, limited: services=2';

/** Messages of kube-apiserver: `responsewriters/errors.go`, admission plugins NamespaceLifecycle and ResourceQuota. */
const cases: Readonly<Record<string, Case>> = {
  denied: {
    plural: "replicasets",
    refusal: { message: denied },
    ready: "Forbidden",
    message: `create ReplicaSet default/REPLICASET was refused: ${denied}; grant the verb in the role of the service account`,
  },
  ending: {
    plural: "services",
    refusal: {
      message: terminating,
      causes: [
        {
          reason: "NamespaceTerminating",
          message: "namespace default is being terminated",
          field: "metadata.namespace",
        },
      ],
    },
    ready: "NamespaceTerminating",
    message: `create Service default/ending was refused: ${terminating}`,
  },
  crowded: {
    plural: "services",
    refusal: { message: overQuota },
    ready: "NotAdmitted",
    message: `create Service default/crowded was refused: ${overQuota}`,
  },
};

describe("Ready reports the API server's rejections verbatim, and stalls", () => {
  test.for(Object.entries(cases))("%s", async ([name, { plural, refusal, ready, message }]) => {
    refused = { plural, refusal };
    const { apiVersion, kind, spec } = modelDeployment();
    const object = { apiVersion, kind, metadata: { name, namespace }, spec };
    await scene.client.apply<ModelDeployment>(resources.modelDeployments, object, { force: true });
    const reported = await seen.reported(name, ready, 1);
    expect({ ...reported, message: reported.message.replace(/denied-\w+/, "REPLICASET") }).toEqual({
      ready: `False ${ready}`,
      message,
      kstatus: "Stalled",
      available: "False NothingReady",
    });
    refused = undefined;
    // Any change of the object triggers a retry at once; otherwise it is retried in half a minute.
    await scene.client.apply(
      resources.modelDeployments,
      { ...object, spec: { ...spec, replicas: 1 } },
      { force: true },
    );
    await seen.reported(name, "NothingServes", 2);
  });

  test("kstatus and kubectl wait agree on every state on the way", () => {
    expect(disagreements(seen.states)).toEqual([]);
  });
});
