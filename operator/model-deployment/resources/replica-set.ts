import type { ReplicaSet } from "../../kube/kinds.ts";
import type { Identity } from "../snapshot.ts";
import { annotations, revisionLabels, revisionSelector } from "./labels.ts";
import { declaredModel, replicaSetName } from "./names.ts";
import { ownerReference } from "./owner.ts";
import { podTemplate, type RevisionTemplate } from "./pod/pod-template.ts";

/** The ReplicaSet of one revision. After its creation only its replicas and annotations change. */
export function replicaSet(identity: Identity, template: RevisionTemplate, replicas: number): ReplicaSet {
  const { deployment, hash, version, spec } = template;
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: replicaSetName(identity.name, hash),
      namespace: identity.namespace,
      labels: revisionLabels(identity.name, hash),
      annotations: { [annotations.version]: version, [annotations.model]: declaredModel(deployment, spec) },
      ownerReferences: [ownerReference(identity)],
    },
    spec: {
      replicas,
      selector: { matchLabels: revisionSelector(identity.name, hash) },
      template: podTemplate(template),
    },
  };
}
