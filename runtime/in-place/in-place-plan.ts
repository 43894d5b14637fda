import type { InPlaceModel } from "../contract/in-place.ts";

/** Progress of a revision's model in this process. */
export type RevisionPhase = "loading" | "ready" | "failed" | "unloading";

/** What is wanted of a pod, and the state of its models. */
export interface InPlaceSituation {
  /** Revision in the pod's label; `undefined` when it cannot be read. */
  readonly label: string | undefined;
  /** Revision whose model is on the pod's volume. */
  readonly own: string;
  readonly listed: readonly Pick<InPlaceModel, "revision">[];
  /** Revision that answers requests. */
  readonly serving: string;
  /** By revision; one without an entry is not in memory. */
  readonly phases: ReadonlyMap<string, RevisionPhase>;
}

/** The next steps, to be taken in this order. */
export interface InPlacePlan {
  /** Revision to serve from now on. */
  readonly serve?: string;
  /** Revisions to let go; of a failed one only its failure is forgotten. */
  readonly unload: readonly string[];
  /** Revision to load. */
  readonly load?: string;
  /** Revision of the label, when no model of it is known: the serving one goes on. */
  readonly unknown?: string;
}

/**
 * Plans the next steps. The label decides what serves, as soon as it is ready; what is listed is loaded beside it. One model is
 * loaded or unloaded at a time, so that never more than two are in memory. What serves is never let go.
 */
export function inPlacePlan({ label, own, listed, serving, phases }: InPlaceSituation): InPlacePlan {
  const known = new Set([own, ...listed.map(({ revision }) => revision)]);
  const isKnown = label === undefined || known.has(label) || phases.has(label);
  const labelled = label !== undefined && isKnown ? label : serving;
  const next = phases.get(labelled) === "ready" ? labelled : serving;
  const wanted = new Set([labelled, next, ...listed.map(({ revision }) => revision)]);
  const isBusy = [...phases.values()].some((phase) => phase === "loading" || phase === "unloading");
  const unload = [...phases].filter(([revision, phase]) => !wanted.has(revision) && phase !== "unloading");
  const waitsForMemory = isBusy || unload.some(([, phase]) => phase !== "failed");
  const load = waitsForMemory
    ? undefined
    : [...wanted].find((revision) => !phases.has(revision) && known.has(revision));
  return {
    ...(next === serving ? {} : { serve: next }),
    unload: unload.map(([revision]) => revision),
    ...(load === undefined ? {} : { load }),
    ...(isKnown ? {} : { unknown: label }),
  };
}
