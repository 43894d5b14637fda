import type { PodDisruptionBudget } from "../../kube/kinds.ts";
import type { Identity } from "../snapshot.ts";
import { deploymentLabels, labels } from "./labels.ts";
import { podDisruptionBudgetName } from "./names.ts";
import { ownerReference } from "./owner.ts";

/** Lets node drains evict one pod of a model at a time. Not for a single replica, where it would block the drain for ever. */
export function podDisruptionBudget(identity: Identity): PodDisruptionBudget {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: {
      name: podDisruptionBudgetName(identity.name),
      namespace: identity.namespace,
      labels: deploymentLabels(identity.name),
      ownerReferences: [ownerReference(identity)],
    },
    spec: { maxUnavailable: 1, selector: { matchLabels: { [labels.deployment]: identity.name } } },
  };
}
