import type { ModelDeploymentSpec } from "../../crds/v1alpha1/model-deployment.ts";
import type { Evidence } from "../../operator/analysis/evidence.ts";
import { revisionHash } from "../../operator/model-deployment/plan/revisions.ts";
import { rolloutPlan } from "../../operator/model-deployment/plan/rollout/rollout-plan.ts";
import type { Observation, ObservedPod, ObservedRevision } from "../../operator/model-deployment/snapshot.ts";
import { model, modelDeployment, testMs } from "./model-deployment.ts";
import {
  container,
  gateway,
  otherHash as stable,
  readyPod,
  revision,
  snapshot,
  startingPod,
  wantedHash as candidate,
} from "./snapshot.ts";

export const third = revisionHash({ ...modelDeployment().spec, ...model("third.h5") });
const steps = [
  { setWeight: 25 },
  { pause: { duration: "1m" } },
  { setWeight: 50 },
  { pause: {} },
  { analyze: { duration: "30s", minimumRequests: 100 } },
];
export const spec: ModelDeploymentSpec = { ...modelDeployment().spec, replicas: 4, rollout: { canary: { steps } } };
export const seconds = (ago: number): string => new Date(testMs - ago * 1_000).toISOString();
export const pods = (hash: string, count: number): readonly ObservedPod[] =>
  Array.from({ length: count }, (_, index) => readyPod(`${hash}-${index}`));
export const starting = (hash: string, count: number): readonly ObservedPod[] =>
  Array.from({ length: count }, (_, index) => startingPod(`${hash}-${index}`));
export const split = (weights: Readonly<Record<string, number>>): string =>
  Object.entries(weights)
    .map(([hash, weight]) => `${hash}=${weight}`)
    .sort()
    .join(" ");

interface StepState {
  readonly step: number;
  readonly weight: number;
  readonly ready: number;
  /** Seconds since the step started. */
  readonly since?: number;
  readonly rollout?: NonNullable<Observation["status"]["rollout"]>;
}

/** A rollout at a step, with every gateway at its weight. */
export function at(
  { step, weight, ready, since = 5, rollout = {} }: StepState,
  changes: Partial<Observation> = {},
): Observation {
  const began = { startedAt: seconds(3_600), stepStartedAt: seconds(since), progressedAt: seconds(since) };
  return snapshot({
    spec,
    status: {
      stable: { revision: stable, version: "1", weight: 100 - weight },
      candidate: { revision: candidate, version: "2", weight },
      step,
      rollout: { strategy: "Canary", ...began, ...rollout },
    },
    revisions: [
      revision(stable, pods(stable, 4)),
      revision(candidate, pods(candidate, ready), { version: "2", replicas: Math.max(1, ready) }),
    ],
    gateways: [gateway("gateway-a", split({ [stable]: 100 - weight, [candidate]: weight }))],
    ...changes,
  });
}

export const evidence = (failed: number, requests = 1_000): Evidence => ({
  sinceMs: testMs - 60_000,
  untilMs: testMs,
  revisions: {
    [stable]: { requests, failed: 0, latency: [] },
    [candidate]: { requests, failed, latency: [] },
  },
});
export const given = (commands: NonNullable<Observation["commands"]>["given"], isPaused = false) => ({
  commands: { given: commands, isPaused },
});
export const failedBefore = { failedRevisions: [{ revision: candidate, reason: "Aborted", message: "by a command" }] };
export const crashed = startingPod("p-0", {
  containers: [container({ restarts: 5, ended: { exitCode: 139, reason: "Error", message: "segmentation fault" } })],
});
export const stableAlone = (changes: Partial<Observation["status"]> = {}): Partial<Observation> => ({
  spec,
  status: { stable: { revision: stable, version: "1", weight: 100 }, ...changes },
  revisions: [revision(stable, pods(stable, 4))],
  gateways: [gateway("gateway-a", `${stable}=100`)],
});
export const other = (weight: number): ObservedRevision =>
  revision(third, pods(third, weight === 0 ? 0 : 2), { version: "2" });

/** A table row: an event during a rollout and its expected effect. */
export interface Row {
  readonly given: Partial<Observation>;
  /** Expected moves, as `kind target: why`. */
  readonly actions: readonly string[];
  /** Expected weights of stable and candidate, step of the candidate, reasons of the failed revisions. */
  readonly want: { weights: readonly (number | undefined)[]; step?: number; failed?: readonly string[] };
}

export const to = (next: string): string => `step revision ${candidate} (version 2): ${next}`;
export const rollBack = (why: string): string => `rollBack revision ${candidate} (version 2): ${why}`;
export const shift = (weights: Readonly<Record<string, number>>, why: string): string =>
  `shift traffic ${split(weights)}: ${why}`;
export const back = shift({ [stable]: 100 }, `revision ${candidate} was rolled back`);

/** Rows by event and effect. */
export type EventRows = Readonly<Record<string, Readonly<Record<string, Row>>>>;

/** The rollout plan for a row's observation. */
export function effect({ given }: Row): object {
  const { state, actions } = rolloutPlan(snapshot(given));
  return {
    actions: actions.map(({ kind, target, why }) => `${kind} ${target}: ${why}`),
    weights: [state.stable?.weight, state.candidate?.weight],
    step: state.progress?.step,
    failed: state.failed?.map(({ reason }) => reason) ?? [],
  };
}

/** A rollout plan in the form of a row. */
export function planned({ actions, want: { weights, step, failed = [] } }: Row): object {
  return { actions, weights, step, failed };
}
