import type { ObjectMeta, OwnerReference } from "../../kube/kinds.ts";
import { apiVersionOf, resources } from "../../kube/resources.ts";
import type { Identity } from "../snapshot.ts";

/** Ties an object to its ModelDeployment: Kubernetes' garbage collection deletes it with its owner. */
export function ownerReference({ name, uid }: Identity): OwnerReference {
  return {
    apiVersion: apiVersionOf(resources.modelDeployments),
    kind: resources.modelDeployments.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** True when the object is ours to change: its controller is this very ModelDeployment, not just one of the same name. */
export function isControlledBy(metadata: ObjectMeta, uid: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
}
