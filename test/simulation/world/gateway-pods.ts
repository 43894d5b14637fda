import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import { gatewayLabels, systemNamespace } from "../../../operator/model-deployment/resources/labels.ts";

export const gatewayNames = ["gateway-a", "gateway-b"];

/** Creates the gateways' pods, both ready. */
export function createGatewayPods({ store }: ApiServer): void {
  for (const [index, name] of gatewayNames.entries()) {
    store.put(store.collection("pods."), {
      kind: "Pod",
      apiVersion: "v1",
      metadata: { name, namespace: systemNamespace, uid: `uid-${name}`, labels: gatewayLabels },
      spec: { containers: [{ name: "gateway", image: "modelwright/runtime:1.0.0" }], nodeName: "node" },
      status: status(index, true),
    });
  }
}

/** Sets the readiness of a gateway's pod. */
export function setGatewayReady({ store }: ApiServer, index: number, isReady: boolean): void {
  const pods = store.collection("pods.");
  const pod = pods.record(systemNamespace, gatewayNames[index % gatewayNames.length] ?? "")?.object;
  if (pod !== undefined) store.put(pods, { ...pod, status: status(index % gatewayNames.length, isReady) });
}

function status(index: number, isReady: boolean) {
  const conditions = [{ type: "Ready", status: isReady ? "True" : "False" }];
  return { phase: "Running", podIP: `10.9.0.${1 + index}`, conditions };
}
