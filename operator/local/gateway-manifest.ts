import type { ReplicaSet } from "../kube/kinds.ts";
import { gatewayLabels } from "../model-deployment/resources/labels.ts";
import { environment } from "../../runtime/contract/environment.ts";
import { adminPaths } from "../../runtime/contract/paths.ts";

interface GatewayManifestOptions {
  readonly namespace: string;
  readonly image: string;
  /** Ports of the gateway's shared front on 127.0.0.1. */
  readonly restPort: number;
  readonly grpcPort: number;
  readonly adminPort: number;
  /** URL of the operator's route stream. */
  readonly operatorUrl: string;
  readonly logLevel: string;
}

/** The gateway of local mode: the same pod as in the chart, on the host network. */
export function gatewayReplicaSet(options: GatewayManifestOptions): ReplicaSet {
  const readiness = { httpGet: { path: adminPaths.readyz, port: options.adminPort }, periodSeconds: 1 };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "modelwright-gateway", namespace: options.namespace, labels: gatewayLabels },
    spec: {
      replicas: 1,
      selector: { matchLabels: gatewayLabels },
      template: {
        metadata: { labels: gatewayLabels },
        spec: {
          hostNetwork: true,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 10,
          containers: [
            {
              name: "gateway",
              image: options.image,
              args: ["gateway", ...portArgs(options)],
              env: [
                { name: environment.podName, valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                { name: environment.bindAddress, valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
                { name: environment.operatorUrls, value: options.operatorUrl },
                { name: environment.logLevel, value: options.logLevel },
                { name: environment.drainDelayMs, value: "0" },
              ],
              ports: [
                { name: "rest", containerPort: options.restPort },
                { name: "grpc", containerPort: options.grpcPort },
              ],
              readinessProbe: readiness,
            },
          ],
        },
      },
    },
  };
}

function portArgs({ restPort, grpcPort, adminPort }: GatewayManifestOptions): string[] {
  return ["--rest-port", String(restPort), "--grpc-port", String(grpcPort), "--admin-port", String(adminPort)];
}
