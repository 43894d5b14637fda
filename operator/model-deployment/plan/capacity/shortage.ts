/** A pod that finds no room, and what there is too little of. */
export interface Shortage {
  /** The scheduler's sentence or the quota's. */
  readonly sentence: string;
  /** Resources that are too few, as a pod asks for them; empty when something else is the cause. */
  readonly resources: readonly string[];
}

/**
 * Reads the scheduler's `Insufficient nvidia.com/gpu` (plugin NodeResourcesFit), `Too many pods`, `cannot allocate all
 * claims` (DynamicResources), and a quota's `requested: requests.nvidia.com/gpu=1,pods=1` (admission plugin ResourceQuota).
 */
export function shortage(sentence: string): Shortage {
  const named = [...sentence.matchAll(/Insufficient ([\w./-]*[\w-])/g)].map(([, resource = ""]) => resource);
  const pods = sentence.includes("Too many pods") ? ["pods"] : [];
  const claims = sentence.includes("cannot allocate all claims") ? ["claims"] : [];
  const quota = sentence.includes("exceeded quota") ? quotaResources(sentence) : [];
  return { sentence, resources: [...new Set([...named, ...pods, ...claims, ...quota])] };
}

function quotaResources(sentence: string): readonly string[] {
  const requested = /requested: (.*?)(?:, used: |$)/s.exec(sentence)?.[1] ?? "";
  return requested
    .split(",")
    .map(
      (entry) =>
        entry
          .split("=")[0]
          ?.trim()
          .replace(/^(?:requests|limits|count)[./]/, "") ?? "",
    )
    .filter((resource) => resource !== "");
}
