import type { Pod } from "../../../kube/kinds.ts";

/** Since when the pod is ready (milliseconds since the epoch); undefined: it is not. */
export function readySinceMs({ status }: Pod): number | undefined {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" ? Date.parse(ready.lastTransitionTime ?? "") || 0 : undefined;
}

/** Not ended and not asked to end. */
export function isActive({ status, metadata }: Pod): boolean {
  return status?.phase !== "Succeeded" && status?.phase !== "Failed" && metadata.deletionTimestamp === undefined;
}

/** UID of the object that controls this one. */
export function controllerUid({ metadata }: Pick<Pod, "metadata">): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
}
