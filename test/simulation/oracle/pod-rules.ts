import { annotations, labelledRevision } from "../../../operator/model-deployment/resources/labels.ts";
import { inPlaceModels } from "../../../operator/model-deployment/resources/pod/in-place-models.ts";
import type { InPlacePods } from "../world/in-place-pods.ts";
import type { StoredPod } from "./ground-truth.ts";

/** What an operator did wrong with a pod: it hands over what is loaded, and confirms what is served. */
export function podViolations(now: StoredPod, before: StoredPod | undefined, runtimes: InPlacePods): readonly string[] {
  const { name, uid } = now.metadata;
  const { serving = "", loaded = [] } = runtimes.facts(uid) ?? {};
  const [label, labelBefore] = [revisionOf(now), revisionOf(before)];
  const [first, firstBefore] = [servingModel(now), servingModel(before)];
  const isUnloaded = label !== labelBefore && !loaded.includes(label ?? "");
  const isUnconfirmed = first !== firstBefore && first === label && first !== serving;
  return [
    ...(before === undefined ? [`created pod ${name}`] : []),
    ...(isUnloaded ? [`handed pod ${name} over to ${label}, which is not loaded in it`] : []),
    ...(isUnconfirmed ? [`confirmed that pod ${name} serves ${label}, but it serves ${serving}`] : []),
  ];
}

function revisionOf(pod: StoredPod | undefined): string | undefined {
  return pod && labelledRevision(pod);
}

function servingModel(pod: StoredPod | undefined): string | undefined {
  return inPlaceModels(pod?.metadata.annotations?.[annotations.inPlaceModels] ?? "")[0]?.revision;
}
