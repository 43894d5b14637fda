/**
 * Resources that are too few for a pod, as the pod requests them; empty when something else is the cause. Reads the scheduler's
 * `Insufficient nvidia.com/gpu` (plugin NodeResourcesFit), `Too many pods`, `cannot allocate all claims` (DynamicResources), and
 * a quota's `requested: requests.nvidia.com/gpu=1,pods=1` (admission plugin ResourceQuota).
 */
export function insufficientResources(sentence: string): readonly string[] {
  const named = [...sentence.matchAll(/Insufficient ([\w./-]*[\w-])/g)].map(([, resource = ""]) => resource);
  const pods = sentence.includes("Too many pods") ? ["pods"] : [];
  const claims = sentence.includes("cannot allocate all claims") ? ["claims"] : [];
  const quota = sentence.includes("exceeded quota") ? quotaResources(sentence) : [];
  return [...new Set([...named, ...pods, ...claims, ...quota])];
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
