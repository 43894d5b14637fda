import { faultCatalogue } from "../../runtime/base/fault.ts";
import type { Difference } from "../../runtime/base/predictions/divergence.ts";

/** Why a candidate fails its preflight checks, or why they cannot be completed. */
export const preflightFaults = faultCatalogue<{
  SignatureChanged: { changes: readonly string[] };
  PredictionsDiffer: { line: number; difference: Difference; tolerance: number };
  GoldenUnanswered: { line: number; status: number; text: string; expected: string };
  GoldenMissing: { configMap?: string; key?: string };
  GoldenInvalid: { place: string; line: number; cause: string };
  StablePodMissing: { model: string };
  PodBusy: { address: string; status: number };
}>({
  SignatureChanged: {
    message: ({ changes }) => `clients of the stable revision would break: ${listed(changes)}`,
    hint: () => "spec.model.signatureCompatibility: Allow lets it pass",
    retry: "never",
    level: "warn",
  },
  PredictionsDiffer: {
    message: ({ line, difference, tolerance }) =>
      `golden request of line ${line}: ${difference.path} is ${difference.value}, expected ${difference.expected}${apart(difference, tolerance)}`,
    retry: "never",
    level: "warn",
  },
  GoldenUnanswered: {
    message: ({ line, status, text, expected }) =>
      `golden request of line ${line}: answered ${status} ${text.slice(0, 200)}, expected ${expected}`,
    retry: "never",
    level: "warn",
  },
  GoldenMissing: {
    message: ({ configMap, key }) => {
      if (configMap === undefined)
        return "the stable revision's model has no Predict requests in assets.extra/tf_serving_warmup_requests";
      return key === undefined ? `ConfigMap ${configMap} does not exist` : `ConfigMap ${configMap} has no key ${key}`;
    },
    hint: ({ configMap }) =>
      configMap === undefined
        ? "spec.rollout.analysis.predictionDiff.golden.warmup asks for them; golden.configMap supplies your own"
        : "spec.rollout.analysis.predictionDiff.golden names it; the candidate waits for it",
    retry: "backoff",
    level: "warn",
  },
  GoldenInvalid: {
    message: ({ place, line, cause }) => `${place}, line ${line}: ${cause}`,
    hint: () => 'each line is JSON: {"request": body of :predict, "response": the expected response}',
    retry: "backoff",
    level: "warn",
  },
  StablePodMissing: {
    message: ({ model }) =>
      `no pod of the stable revision of ${model} is ready to be asked for the requests in its model`,
    retry: "backoff",
    level: "info",
  },
  PodBusy: {
    message: ({ address, status }) => `pod ${address} answered ${status} to a golden request`,
    retry: "backoff",
    level: "info",
  },
});

/** Number of changes to list: a model may have hundreds of outputs, and status has room for few. */
const listedChanges = 5;

function listed(changes: readonly string[]): string {
  const rest = changes.length - listedChanges;
  const shown = changes.slice(0, listedChanges).join(", ");
  return rest <= 0 ? shown : `${shown}, and ${rest} more`;
}

function apart({ difference }: Difference, tolerance: number): string {
  if (difference === undefined) return "";
  return `: ${Number(difference.toPrecision(3))} apart, beyond the tolerance of ${tolerance}`;
}
