import type { ConditionType } from "../../../crds/v1alpha1/status/conditions.ts";

/**
 * The condition of a ModelDeployment that is being deleted and waits for its finalizers; undefined: the condition is removed.
 * kstatus reports Terminating in any case.
 *
 * @param finalizers as in its metadata
 */
export function terminatingCondition(
  type: ConditionType,
  finalizers: readonly string[],
): { readonly status: "True" | "False"; readonly reason: string; readonly message: string } | undefined {
  const until = finalizers.length === 0 ? "" : `; it is removed once its finalizers are: ${finalizers.join(", ")}`;
  const verdicts: Partial<Record<ConditionType, readonly ["True" | "False", string]>> = {
    Ready: ["False", `it is being deleted and gets no requests${until}`],
    Available: ["False", "it is being deleted and gets no requests"],
    Progressing: ["True", `it is being deleted${until}`],
  };
  const [status, message] = verdicts[type] ?? [];
  return status === undefined || message === undefined ? undefined : { status, reason: "Terminating", message };
}
