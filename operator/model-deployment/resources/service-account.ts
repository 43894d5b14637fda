import type { ServiceAccount } from "../../kube/kinds.ts";
import type { Identity } from "../snapshot.ts";
import { deploymentLabels } from "./labels.ts";
import { serviceAccountName } from "./names.ts";
import { ownerReference } from "./owner.ts";

/** The ServiceAccount of a model's pods, without permissions and without a token: pods never talk to the API server. */
export function serviceAccount(identity: Identity): ServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name: serviceAccountName(identity.name),
      namespace: identity.namespace,
      labels: deploymentLabels(identity.name),
      ownerReferences: [ownerReference(identity)],
    },
    automountServiceAccountToken: false,
  };
}
