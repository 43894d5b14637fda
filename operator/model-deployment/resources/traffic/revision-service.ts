import { ports } from "../../../../runtime/contract/ports.ts";
import type { Service } from "../../../kube/kinds.ts";
import type { Identity } from "../../snapshot.ts";
import { deploymentLabels, labels, revisionSelector } from "../labels.ts";
import { revisionServiceName } from "../names.ts";
import { ownerReference } from "../owner.ts";

/** The Service of one revision's ready pods, for HTTPRoutes that split by weight themselves. */
export function revisionService(identity: Identity, revision: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: revisionServiceName(identity.name, revision),
      namespace: identity.namespace,
      labels: { ...deploymentLabels(identity.name), [labels.revision]: revision },
      ownerReferences: [ownerReference(identity)],
    },
    spec: {
      type: "ClusterIP",
      selector: revisionSelector(identity.name, revision),
      ports: [{ name: "http", port: ports.rest, targetPort: ports.rest, protocol: "TCP", appProtocol: "http" }],
    },
  };
}
