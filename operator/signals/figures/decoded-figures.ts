import { isJsonObject } from "../../../crds/schema/structural/structural-schema.ts";
import {
  type GatewayFigures,
  latencyBuckets,
  type MirrorFigures,
  type ModelFigures,
  type RevisionFigures,
} from "../../../runtime/contract/figures.ts";

/**
 * Parses and validates the response of a gateway; throws an Error that names the first part that violates the contract. The parsed
 * value is returned without a copy, which would cost more than all the rest: a response may have ten thousand models.
 */
export function decodedFigures(text: string): GatewayFigures {
  const answer: unknown = JSON.parse(text);
  if (!isGatewayFigures(answer)) throw new Error("the answer is no figures of a gateway");
  for (const [key, model] of Object.entries<unknown>(answer.models)) {
    if (!isModelFigures(model)) throw new Error(`models.${key} is no figures of a model`);
    for (const [hash, revision] of Object.entries<unknown>(model.revisions))
      if (!isRevisionFigures(revision)) throw new Error(`models.${key}.revisions.${hash} is no figures of a revision`);
  }
  return answer;
}

/** Everything but the contents of `models`. */
function isGatewayFigures(value: unknown): value is GatewayFigures {
  return (
    isJsonObject(value) &&
    typeof member(value, "gateway") === "string" &&
    typeof member(value, "run") === "string" &&
    hasCounts(value, ["cursor", "elapsedMs"]) &&
    isJsonObject(member(value, "models"))
  );
}

const modelCounts = ["arrivals", "refused", "abandoned", "queued", "oldestWaitMs"] as const;

/** Everything but the contents of `revisions`. */
function isModelFigures(value: unknown): value is ModelFigures {
  return isJsonObject(value) && hasCounts(value, modelCounts) && isJsonObject(member(value, "revisions"));
}

const revisionCounts = ["completed", "rejected", "inFlight", "serviceMs"] as const;
const failureCounts = ["status", "connection", "timeout"] as const;
const mirrorCounts = [
  "sent",
  "failed",
  "compared",
  "differing",
  "maxAbsolute",
  "sumAbsolute",
  "numbers",
  "ranked",
  "agreeing",
] as const satisfies readonly (keyof MirrorFigures)[];

function isRevisionFigures(value: unknown): value is RevisionFigures {
  if (!isJsonObject(value) || !hasCounts(value, revisionCounts)) return false;
  const failed = member(value, "failed");
  const mirrored = member(value, "mirrored");
  const latency = member(value, "latency");
  return (
    isJsonObject(failed) &&
    hasCounts(failed, failureCounts) &&
    Array.isArray(latency) &&
    latency.length <= latencyBuckets &&
    latency.every(isCount) &&
    (mirrored === undefined || isMirrorFigures(mirrored))
  );
}

function isMirrorFigures(value: unknown): value is MirrorFigures {
  if (!isJsonObject(value) || !hasCounts(value, mirrorCounts)) return false;
  const judged = member(value, "judged");
  return judged === undefined || isCount(judged);
}

function hasCounts(value: object, names: readonly string[]): boolean {
  return names.every((name) => isCount(member(value, name)));
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value < Infinity;
}

function member(value: object, name: string): unknown {
  return Reflect.get(value, name);
}
