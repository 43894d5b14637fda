import type { Pod } from "../../../kube/kinds.ts";

/** True when the pod's condition Ready is True. */
export function isPodReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: state }) => type === "Ready" && state === "True") === true;
}
