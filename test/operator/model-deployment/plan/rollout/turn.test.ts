import { describe, expect, test } from "vitest";
import type { ModelDeploymentSpec } from "../../../../../crds/v1alpha1/model-deployment.ts";
import type { Evidence } from "../../../../../operator/analysis/evidence.ts";
import { turn } from "../../../../../operator/model-deployment/plan/rollout/turn.ts";
import type { Observation, ObservedPod, ObservedRevision } from "../../../../../operator/model-deployment/snapshot.ts";
import { model, modelDeployment, testMs } from "../../../../builders/model-deployment.ts";
import {
  container,
  gateway,
  otherHash as stable,
  readyPod,
  revision,
  snapshot,
  startingPod,
  wantedHash as candidate,
} from "../../../../builders/snapshot.ts";
import { revisionHash } from "../../../../../operator/model-deployment/plan/revisions.ts";

const third = revisionHash({ ...modelDeployment().spec, ...model("third.h5") });
const steps = [
  { setWeight: 25 },
  { pause: { duration: "1m" } },
  { setWeight: 50 },
  { pause: {} },
  { analyze: { duration: "30s", minimumRequests: 100 } },
];
const spec: ModelDeploymentSpec = { ...modelDeployment().spec, replicas: 4, rollout: { canary: { steps } } };
const seconds = (ago: number): string => new Date(testMs - ago * 1_000).toISOString();
const pods = (hash: string, count: number): readonly ObservedPod[] =>
  Array.from({ length: count }, (_, index) => readyPod(`${hash}-${index}`));
const starting = (hash: string, count: number): readonly ObservedPod[] =>
  Array.from({ length: count }, (_, index) => startingPod(`${hash}-${index}`));
const split = (weights: Readonly<Record<string, number>>): string =>
  Object.entries(weights)
    .map(([hash, weight]) => `${hash}=${weight}`)
    .sort()
    .join(" ");

interface Place {
  readonly step: number;
  readonly weight: number;
  readonly ready: number;
  /** Seconds since the step began. */
  readonly since?: number;
  readonly rollout?: NonNullable<Observation["status"]["rollout"]>;
}

/** A rollout at a step, with every gateway at its weight. */
function at({ step, weight, ready, since = 5, rollout = {} }: Place, changes: Partial<Observation> = {}): Observation {
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

const evidence = (failed: number, requests = 1_000): Evidence => ({
  sinceMs: testMs - 60_000,
  untilMs: testMs,
  revisions: {
    [stable]: { requests, failed: 0, latency: [] },
    [candidate]: { requests, failed, latency: [] },
  },
});
const given = (commands: NonNullable<Observation["commands"]>["given"], isPaused = false) => ({
  commands: { given: commands, isPaused },
});
const failedBefore = { failedRevisions: [{ revision: candidate, reason: "Aborted", message: "by a command" }] };
const crashed = startingPod("p-0", {
  containers: [container({ restarts: 5, ended: { exitCode: 139, reason: "Error", message: "segmentation fault" } })],
});
const stableAlone = (changes: Partial<Observation["status"]> = {}): Partial<Observation> => ({
  spec,
  status: { stable: { revision: stable, version: "1", weight: 100 }, ...changes },
  revisions: [revision(stable, pods(stable, 4))],
  gateways: [gateway("gateway-a", `${stable}=100`)],
});
const other = (weight: number): ObservedRevision =>
  revision(third, pods(third, weight === 0 ? 0 : 2), { version: "2" });

interface Row {
  readonly given: Partial<Observation>;
  /** `kind target: why` of every move. */
  readonly moves: readonly string[];
  /** Weights of stable and candidate, step of the candidate, reasons of the failed revisions. */
  readonly want: { weights: readonly (number | undefined)[]; step?: number; failed?: readonly string[] };
}

const to = (next: string): string => `step revision ${candidate} (version 2): ${next}`;
const rollBack = (why: string): string => `rollBack revision ${candidate} (version 2): ${why}`;
const shift = (weights: Readonly<Record<string, number>>, why: string): string =>
  `shift traffic ${split(weights)}: ${why}`;
const back = shift({ [stable]: 100 }, `revision ${candidate} was rolled back`);

/** The rows of the event table, in its order. */
const rows: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  "the template changes": {
    "the candidate is the new hash, at step 0": {
      given: stableAlone(),
      moves: [shift({ [stable]: 100, [candidate]: 0 }, `candidate ${candidate} is not ready yet`)],
      want: { weights: [100, 0], step: 0 },
    },
    "an old candidate goes to weight 0 first": {
      given: {
        ...stableAlone({
          stable: { revision: stable, version: "1", weight: 50 },
          candidate: { revision: third, version: "2", weight: 50 },
          step: 3,
          rollout: { startedAt: seconds(60) },
        }),
        revisions: [revision(stable, pods(stable, 4)), other(50)],
        gateways: [gateway("gateway-a", split({ [stable]: 50, [third]: 50 }))],
      },
      moves: [
        shift({ [stable]: 100, [candidate]: 0 }, `the spec changed again: ${candidate} takes the place of ${third}`),
      ],
      want: { weights: [100, 0], step: 0 },
    },
    "an old candidate that is all that serves becomes the stable revision": {
      given: {
        ...stableAlone({
          stable: { revision: stable, version: "1", weight: 0 },
          candidate: { revision: third, version: "2", weight: 100 },
          rollout: { startedAt: seconds(60) },
        }),
        revisions: [revision(stable, [], { replicas: 4 }), other(100)],
        gateways: [gateway("gateway-a", split({ [stable]: 0, [third]: 100 }))],
      },
      moves: [
        `promote revision ${third} (version 2): ${stable} has no ready pod, and the spec changed again: ${candidate} takes the place of ${third}`,
      ],
      want: { weights: [100, 0] },
    },
  },
  "the new hash is the stable hash": {
    "back to stable: weight 100, no steps": {
      given: { ...at({ step: 3, weight: 50, ready: 2 }), spec: { ...spec, ...model("other.h5") } },
      moves: [shift({ [stable]: 100 }, `the spec asks for it again, not for ${candidate} any more`)],
      want: { weights: [100, undefined] },
    },
  },
  "the hash is in failedRevisions": {
    "it is not retried": {
      given: stableAlone(failedBefore),
      moves: [],
      want: { weights: [100, undefined], failed: ["Aborted"] },
    },
    "the same spec applied again is not retried either": {
      given: {
        ...stableAlone(failedBefore),
        identity: { ...snapshot().identity, generation: 9, observedGeneration: 8 },
      },
      moves: [],
      want: { weights: [100, undefined], failed: ["Aborted"] },
    },
    "the command retry clears it": {
      given: { ...stableAlone(failedBefore), ...given({ retry: "1" }) },
      moves: [
        `answer command retry: revision ${candidate} is tried again`,
        shift({ [stable]: 100, [candidate]: 0 }, `candidate ${candidate} is not ready yet`),
      ],
      want: { weights: [100, 0], step: 0 },
    },
    "but only once for each value": {
      given: {
        ...stableAlone({ ...failedBefore, rollout: { answered: { retry: "1" } } }),
        ...given({ retry: "1" }),
      },
      moves: [],
      want: { weights: [100, undefined], failed: ["Aborted"] },
    },
    "another spec is tried at once": {
      given: { ...stableAlone(failedBefore), spec: { ...spec, ...model("third.h5") } },
      moves: [shift({ [stable]: 100, [third]: 0 }, `candidate ${third} is not ready yet`)],
      want: { weights: [100, 0], step: 0, failed: ["Aborted"] },
    },
  },
  "step setWeight w": {
    "the weight is not raised before the pods that it needs are ready": {
      given: at({ step: 2, weight: 25, ready: 1 }),
      moves: [],
      want: { weights: [75, 25], step: 2 },
    },
    "it is raised when they are": {
      given: at({ step: 2, weight: 25, ready: 2 }),
      moves: [shift({ [stable]: 50, [candidate]: 50 }, `2 of 2 pods of candidate ${candidate} ready`)],
      want: { weights: [50, 50], step: 2 },
    },
    "no request goes to a candidate on trial": {
      given: at({ step: 0, weight: 0, ready: 1 }, { trial: { state: "Running", message: "golden requests are sent" } }),
      moves: [],
      want: { weights: [100, 0], step: 0 },
    },
    "one goes to a candidate that has passed it": {
      given: at({ step: 0, weight: 0, ready: 1 }, { trial: { state: "Passed", message: "" } }),
      moves: [shift({ [stable]: 75, [candidate]: 25 }, `1 of 1 pod of candidate ${candidate} ready`)],
      want: { weights: [75, 25], step: 0 },
    },
    "a candidate that failed it is rolled back": {
      given: at(
        { step: 0, weight: 0, ready: 1 },
        { trial: { state: "Failed", reason: "SignatureChanged", message: "input x is gone" } },
      ),
      moves: [rollBack("input x is gone (at 0 % of the requests, step 1 of 5 (setWeight 25))"), back],
      want: { weights: [100, undefined], failed: ["SignatureChanged"] },
    },
    "it is complete when every gateway has acknowledged": {
      given: at({ step: 0, weight: 25, ready: 1 }),
      moves: [to("step 2 of 5 (pause 1m): every gateway sends it 25 % of the requests")],
      want: { weights: [75, 25], step: 1 },
    },
    "and not before": {
      given: at(
        { step: 0, weight: 25, ready: 1 },
        {
          gateways: [
            gateway("gateway-a", split({ [stable]: 75, [candidate]: 25 })),
            gateway("gateway-b", split({ [stable]: 100, [candidate]: 0 })),
          ],
        },
      ),
      moves: [],
      want: { weights: [75, 25], step: 0 },
    },
    "a lower weight is given at once": {
      given: at({ step: 0, weight: 50, ready: 2 }),
      moves: [shift({ [stable]: 75, [candidate]: 25 }, `step 1 of 5 (setWeight 25) gives ${candidate} less`)],
      want: { weights: [75, 25], step: 0 },
    },
  },
  "step pause": {
    "with a duration waits so long": {
      given: at({ step: 1, weight: 25, ready: 1, since: 59 }),
      moves: [],
      want: { weights: [75, 25], step: 1 },
    },
    "and goes on then": {
      given: at({ step: 1, weight: 25, ready: 1, since: 60 }),
      moves: [to("step 3 of 5 (setWeight 50): the pause is over")],
      want: { weights: [75, 25], step: 2 },
    },
    "without one waits until the command promote": {
      given: at({ step: 3, weight: 50, ready: 2, since: 86_400 }),
      moves: [],
      want: { weights: [50, 50], step: 3 },
    },
    "and goes on then, once for each value": {
      given: at({ step: 3, weight: 50, ready: 2, rollout: { answered: { promote: "1" } } }, given({ promote: "2" })),
      moves: [to("step 5 of 5 (analyze 30s): a command wants it to go on")],
      want: { weights: [50, 50], step: 4 },
    },
    "a command that was answered before is none": {
      given: at({ step: 3, weight: 50, ready: 2, rollout: { answered: { promote: "1" } } }, given({ promote: "1" })),
      moves: [],
      want: { weights: [50, 50], step: 3 },
    },
    "a command where nothing pauses has no effect, and that is said": {
      given: at({ step: 2, weight: 25, ready: 1 }, given({ promote: "1" })),
      moves: ["answer command promote: it has no effect: nothing waits for it"],
      want: { weights: [75, 25], step: 2 },
    },
    "the annotation pause holds every step": {
      given: at({ step: 1, weight: 25, ready: 1, since: 3_600 }, given({}, true)),
      moves: [],
      want: { weights: [75, 25], step: 1 },
    },
    "and every rise of the weight": {
      given: at({ step: 2, weight: 25, ready: 2 }, given({}, true)),
      moves: [],
      want: { weights: [75, 25], step: 2 },
    },
  },
  "step analyze and the background analysis": {
    "pass: the next": {
      given: at({ step: 4, weight: 50, ready: 2, since: 30 }, { evidence: evidence(0) }),
      moves: [to("all steps done: candidate failed 0 of 1,000 requests (0 %), stable 0 of 1,000 (0 %)")],
      want: { weights: [50, 50], step: 5 },
    },
    "not before its time": {
      given: at({ step: 4, weight: 50, ready: 2, since: 29 }, { evidence: evidence(0) }),
      moves: [],
      want: { weights: [50, 50], step: 4 },
    },
    "fail: roll back": {
      given: at({ step: 1, weight: 25, ready: 1, since: 10 }, { evidence: evidence(200) }),
      moves: [
        rollBack(
          "candidate failed 200 of 1,000 requests (20 %), stable 0 of 1,000 (0 %): 20 points more, at most 1 may be (at 25 % of the requests, step 2 of 5 (pause 1m))",
        ),
        back,
      ],
      want: { weights: [100, undefined], failed: ["AnalysisFailed"] },
    },
    "a pause does not keep a bad candidate": {
      given: at({ step: 1, weight: 25, ready: 1, since: 10 }, { evidence: evidence(200), ...given({}, true) }),
      moves: [
        rollBack(
          "candidate failed 200 of 1,000 requests (20 %), stable 0 of 1,000 (0 %): 20 points more, at most 1 may be (at 25 % of the requests, step 2 of 5 (pause 1m))",
        ),
        back,
      ],
      want: { weights: [100, undefined], failed: ["AnalysisFailed"] },
    },
    "too few requests: neither, the step is extended": {
      given: at({ step: 4, weight: 50, ready: 2, since: 600 }, { evidence: evidence(0, 12) }),
      moves: [],
      want: { weights: [50, 50], step: 4 },
    },
    "a command ends it": {
      given: at({ step: 4, weight: 50, ready: 2 }, given({ promote: "1" })),
      moves: [to("all steps done: a command wants it to go on")],
      want: { weights: [50, 50], step: 5 },
    },
  },
  "all steps are done": {
    "weight 100 when all pods are ready": {
      given: at({ step: 5, weight: 50, ready: 4 }),
      moves: [shift({ [stable]: 0, [candidate]: 100 }, `4 of 4 pods of candidate ${candidate} ready`)],
      want: { weights: [0, 100], step: 5 },
    },
    "the candidate becomes stable when every gateway sends it everything": {
      given: at({ step: 5, weight: 100, ready: 4 }),
      moves: [`promote revision ${candidate} (version 2): every gateway sends it all requests`],
      want: { weights: [100, undefined] },
    },
    "the command promote-full skips what is left of them": {
      given: at({ step: 1, weight: 25, ready: 1 }, given({ promoteFull: "1" }, true)),
      moves: [to("all steps done: steps are skipped because a command wants it promoted")],
      want: { weights: [75, 25], step: 5 },
    },
    "but waits for all pods, and for no pause": {
      given: at(
        { step: 5, weight: 25, ready: 4, rollout: { skipped: "a command wants it promoted" } },
        given({ promoteFull: "1" }, true),
      ),
      moves: [
        "answer command promote-full: it has no effect: nothing waits for it",
        shift({ [stable]: 0, [candidate]: 100 }, `4 of 4 pods of candidate ${candidate} ready`),
      ],
      want: { weights: [0, 100], step: 5 },
    },
  },
  "abort, failed analysis, deadline": {
    "abort: weight 0 now, the hash is remembered": {
      given: at({ step: 3, weight: 50, ready: 2 }, given({ abort: "1" })),
      moves: [rollBack("the rollout was aborted by a command (at 50 % of the requests, step 4 of 5 (pause))"), back],
      want: { weights: [100, undefined], failed: ["Aborted"] },
    },
    "abort outweighs what comes with it": {
      given: at({ step: 3, weight: 50, ready: 2 }, given({ abort: "1", promote: "1" })),
      moves: [
        rollBack("the rollout was aborted by a command (at 50 % of the requests, step 4 of 5 (pause))"),
        `answer command promote: it has no effect: revision ${candidate} was rolled back`,
        back,
      ],
      want: { weights: [100, undefined], failed: ["Aborted"] },
    },
    "an abort without a rollout has no effect on the next one": {
      given: { ...stableAlone(), spec: { ...spec, ...model("other.h5") }, ...given({ abort: "1" }) },
      moves: ["answer command abort: it has no effect: no rollout is under way"],
      want: { weights: [100, undefined] },
    },
    "pods that are not ready in time": {
      given: at(
        { step: 0, weight: 0, ready: 0, since: 600 },
        { revisions: [revision(stable, pods(stable, 4)), revision(candidate, starting(candidate, 1))] },
      ),
      moves: [
        `rollBack revision ${candidate} (version 1): it did not get its pods ready within 10m: 0 of 1 pod ready (at 0 % of the requests, step 1 of 5 (setWeight 25))`,
        back,
      ],
      want: { weights: [100, undefined], failed: ["ProgressDeadline"] },
    },
    "a clock that was set makes no deadline": {
      given: at(
        { step: 0, weight: 0, ready: 0, since: 3_600 },
        {
          revisions: [revision(stable, pods(stable, 4)), revision(candidate, starting(candidate, 1))],
          stalledMs: 5_000,
        },
      ),
      moves: [],
      want: { weights: [100, 0], step: 0 },
    },
    "pauses do not count": {
      given: at({ step: 3, weight: 50, ready: 2, since: 86_400 }),
      moves: [],
      want: { weights: [50, 50], step: 3 },
    },
    "the annotation pause does not count": {
      given: at(
        { step: 0, weight: 0, ready: 0, since: 3_600 },
        {
          revisions: [revision(stable, pods(stable, 4)), revision(candidate, starting(candidate, 1))],
          ...given({}, true),
        },
      ),
      moves: [],
      want: { weights: [100, 0], step: 0 },
    },
    "ten failed revisions are remembered, the newest last": {
      given: at(
        { step: 3, weight: 50, ready: 2 },
        {
          ...given({ abort: "1" }),
          status: {
            ...at({ step: 3, weight: 50, ready: 2 }).status,
            failedRevisions: Array.from({ length: 10 }, (_, index) => ({
              revision: `r${index}`,
              reason: `R${index}`,
              message: "",
            })),
          },
        },
      ),
      moves: [rollBack("the rollout was aborted by a command (at 50 % of the requests, step 4 of 5 (pause))"), back],
      want: {
        weights: [100, undefined],
        failed: ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "Aborted"],
      },
    },
    "a candidate that is all that serves keeps its requests until the stable revision is back": {
      given: at(
        { step: 3, weight: 50, ready: 2 },
        {
          ...given({ abort: "1" }),
          revisions: [revision(stable, starting(stable, 4)), revision(candidate, pods(candidate, 2), { version: "2" })],
        },
      ),
      moves: [rollBack("the rollout was aborted by a command (at 50 % of the requests, step 4 of 5 (pause))")],
      want: { weights: [50, 50], step: 3, failed: ["Aborted"] },
    },
  },
  "the candidate loses all its pods": {
    "its weight is 0 at once, the step index is kept": {
      given: at(
        { step: 3, weight: 50, ready: 0 },
        {
          revisions: [revision(stable, pods(stable, 4)), revision(candidate, starting(candidate, 2), { version: "2" })],
        },
      ),
      moves: [shift({ [stable]: 100, [candidate]: 0 }, `candidate ${candidate} lost all its pods`)],
      want: { weights: [100, 0], step: 3 },
    },
    "weights return when they are ready": {
      given: at({ step: 3, weight: 0, ready: 2 }),
      moves: [shift({ [stable]: 50, [candidate]: 50 }, `2 of 2 pods of candidate ${candidate} ready`)],
      want: { weights: [50, 50], step: 3 },
    },
    "a pause does not pass meanwhile": {
      given: at({ step: 1, weight: 0, ready: 0, since: 60 }),
      moves: [],
      want: { weights: [100, 0], step: 1 },
    },
  },
  "the stable revision was crash-looping before the update": {
    "no step is kept": {
      given: at(
        { step: 0, weight: 0, ready: 0 },
        {
          revisions: [
            revision(stable, [crashed], { replicas: 4 }),
            revision(candidate, starting(candidate, 1), { version: "2" }),
          ],
        },
      ),
      moves: [
        to(
          "all steps done: steps are skipped because the stable revision has no ready pod: container runtime of pod p-0 exited with code 139 (Error) after 5 restarts: segmentation fault",
        ),
      ],
      want: { weights: [100, 0], step: 5 },
    },
    "a good candidate gets weight 100 once it is ready": {
      given: at(
        { step: 5, weight: 0, ready: 4, rollout: { skipped: "the stable revision has no ready pod" } },
        {
          revisions: [
            revision(stable, [crashed], { replicas: 4 }),
            revision(candidate, pods(candidate, 4), { version: "2" }),
          ],
        },
      ),
      moves: [shift({ [stable]: 0, [candidate]: 100 }, `4 of 4 pods of candidate ${candidate} ready`)],
      want: { weights: [0, 100], step: 5 },
    },
  },
  "scaling during a step": {
    "out: weights are untouched": {
      given: at({ step: 3, weight: 50, ready: 2 }, { spec: { ...spec, replicas: 8 } }),
      moves: [],
      want: { weights: [50, 50], step: 3 },
    },
    "in: weights are untouched": {
      given: at({ step: 3, weight: 50, ready: 2 }, { spec: { ...spec, replicas: 2 } }),
      moves: [],
      want: { weights: [50, 50], step: 3 },
    },
  },
};

describe.each(Object.entries(rows))("%s", (_event, effects) => {
  test.each(Object.entries(effects))("%s", (_sentence, { given, moves, want: { weights, step, failed = [] } }) => {
    const { state, moves: made } = turn(snapshot(given));
    expect(made.map(({ kind, target, why }) => `${kind} ${target}: ${why}`)).toEqual(moves);
    expect({
      weights: [state.stable?.weight, state.candidate?.weight],
      step: state.progress?.step,
      failed: state.failed?.map(({ reason }) => reason) ?? [],
    }).toEqual({ weights, step, failed });
  });
});
