import type { ConditionType } from "../../../crds/v1alpha1/status/conditions.ts";

/**
 * What a condition says of a ModelDeployment that is being deleted and stays for its finalizers; undefined: the condition
 * goes. kstatus calls it Terminating, whatever is said here.
 *
 * @param finalizers as in its metadata
 */
export function ending(
  type: ConditionType,
  finalizers: readonly string[],
): { readonly status: "True" | "False"; readonly reason: string; readonly message: string } | undefined {
  const goes = finalizers.length === 0 ? "" : `; it is removed once its finalizers are: ${finalizers.join(", ")}`;
  const verdicts: Partial<Record<ConditionType, readonly ["True" | "False", string]>> = {
    Ready: ["False", `it is being deleted and gets no requests${goes}`],
    Available: ["False", "it is being deleted and gets no requests"],
    Progressing: ["True", `it is being deleted${goes}`],
  };
  const [status, message] = verdicts[type] ?? [];
  return status === undefined || message === undefined ? undefined : { status, reason: "Terminating", message };
}
