import { ports } from "../../../runtime/contract/ports.ts";
import type { Service } from "../../kube/kinds.ts";
import type { Identity } from "../snapshot.ts";
import { deploymentLabels } from "./labels.ts";
import { serviceName } from "./names.ts";
import { ownerReference } from "./owner.ts";

/**
 * A port of the Service, with the same name and protocol as in its EndpointSlices. All of them lead to the gateway's one port for
 * the model, which speaks all protocols; there are two because clients of TensorFlow Serving expect two.
 */
interface ServedPort {
  readonly name: string;
  readonly port: number;
  /** Protocol for proxies in between (KEP-3726). */
  readonly appProtocol: string;
}

/** Ports of every model's Service, with the numbers that clients of TensorFlow Serving expect. */
export const servedPorts: readonly ServedPort[] = [
  { name: "http", port: ports.rest, appProtocol: "http" },
  { name: "grpc", port: ports.grpc, appProtocol: "kubernetes.io/h2c" },
];

/** The Service of a model inside the cluster. It has no selector: its endpoints are the gateways, not the model's pods. */
export function service(identity: Identity, gatewayPort: number): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: serviceName(identity.name),
      namespace: identity.namespace,
      labels: deploymentLabels(identity.name),
      ownerReferences: [ownerReference(identity)],
    },
    spec: {
      type: "ClusterIP",
      ports: servedPorts.map(({ name, port, appProtocol }) => ({
        name,
        port,
        targetPort: gatewayPort,
        protocol: "TCP",
        appProtocol,
      })),
    },
  };
}
