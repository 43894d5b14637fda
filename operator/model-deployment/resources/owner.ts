import type { ObjectMeta, OwnerReference } from "../../kube/kinds.ts";
import { apiVersionOf, resources } from "../../kube/resources.ts";
import type { Identity } from "../snapshot.ts";

/** The owner reference to a ModelDeployment, by which garbage collection deletes its objects. */
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

/** True when the object's controller is the ModelDeployment with this UID, not just one of the same name. */
export function isControlledBy(metadata: ObjectMeta, uid: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
}
