import { ports } from "../../../runtime/contract/ports.ts";
import type { Service } from "../../kube/kinds.ts";
import type { Identity } from "../snapshot.ts";
import { deploymentLabels } from "./labels.ts";
import { serviceName } from "./names.ts";
import { ownerReference } from "./owner.ts";

/**
 * A port in the Service, by name and protocol as in its EndpointSlices, which are matched by the name. Behind both is the
 * gateway's one port for the model, which speaks all protocols; that there are two is TensorFlow Serving's habit.
 */
interface ServedPort {
  readonly name: string;
  readonly port: number;
  /** How proxies in between are to speak (KEP-3726). */
  readonly appProtocol: string;
}

/** Ports of every Service of a model, by the numbers that clients of TensorFlow Serving expect. */
export const servedPorts: readonly ServedPort[] = [
  { name: "http", port: ports.rest, appProtocol: "http" },
  { name: "grpc", port: ports.grpc, appProtocol: "kubernetes.io/h2c" },
];

/** The address of a model inside the cluster. It has no selector: its endpoints are the gateway's, not the pods'. */
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
