import { ports } from "../../../runtime/contract/ports.ts";
import type { Service } from "../../kube/kinds.ts";
import type { Identity } from "../snapshot.ts";
import { deploymentLabels } from "./labels.ts";
import { serviceName } from "./names.ts";
import { ownerReference } from "./owner.ts";

/** Name of the port in the Service and in its EndpointSlices, which are matched by it. */
export const httpPortName = "http";

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
      ports: [{ name: httpPortName, port: ports.rest, targetPort: gatewayPort, protocol: "TCP", appProtocol: "http" }],
    },
  };
}
