import { describe, expect, test } from "vitest";

import { counts } from "../../../../../operator/model-deployment/plan/capacity/counts.ts";
import { roomGraceMs } from "../../../../../operator/model-deployment/plan/capacity/capacity-mode.ts";
import {
  beside,
  type Case,
  exceeded,
  gpu,
  homeless,
  insufficient,
  now,
  pods,
  input,
  surge,
  swaps,
} from "./counts-inputs.ts";

const recreates = "the stable pod makes room, requests wait at the gateway until the candidate is ready";
const swap = { mode: "Swap", why: `${swaps}, because there was no free capacity: ${insufficient}` } as const;

describe("numbers", () => {
  const cases: Readonly<Record<string, Case>> = {
    "the candidate gets the pods of its weight beside all stable ones": {
      asked: { stepWeight: 30 },
      want: { stable: 4, candidate: 2, maxCandidateWeight: 0, ...surge },
    },
    "a step of weight 0 has one pod": {
      asked: { stepWeight: 0 },
      want: { stable: 4, candidate: 1, maxCandidateWeight: 0, ...surge },
    },
    "a step that has room gets its weight when all its pods are ready": {
      asked: { candidate: pods(1, { replicas: 2, live: 2 }) },
      want: { stable: 4, candidate: 2, maxCandidateWeight: 0, ...surge },
    },
    "the weight of a step is what its pods carry": {
      asked: { candidate: pods(2) },
      want: { stable: 4, candidate: 2, maxCandidateWeight: 50, ...surge },
    },
    "with one pod of surge the candidate begins with one": {
      asked: { maxSurge: 1 },
      want: { stable: 4, candidate: 1, maxCandidateWeight: 0, ...surge },
    },
    "where a step has no room the weight rises with each ready pod": {
      asked: { maxSurge: 1, candidate: pods(1) },
      want: { stable: 4, candidate: 1, maxCandidateWeight: 25, ...surge },
    },
    "a stable pod goes when the others carry the weight that is left": {
      asked: { maxSurge: 1, candidate: pods(1), stableWeight: 75 },
      want: { stable: 3, candidate: 1, maxCandidateWeight: 25, ...surge },
    },
    "no stable pod goes while one gateway still gives the weight of before": {
      asked: { maxSurge: 1, candidate: pods(1), stableWeight: 100, candidateWeight: 25 },
      want: { stable: 4, candidate: 1, maxCandidateWeight: 25, ...surge },
    },
    "the candidate grows when a stable pod has gone": {
      asked: { maxSurge: 1, stable: pods(3), candidate: pods(1), stableWeight: 75 },
      want: { stable: 3, candidate: 2, maxCandidateWeight: 25, ...surge },
    },
    "the candidate does not grow while a pod more than declared is still there": {
      asked: { maxSurge: 1, stable: pods(4, { replicas: 3 }), candidate: pods(1), stableWeight: 75 },
      want: { stable: 3, candidate: 1, maxCandidateWeight: 25, ...surge },
    },
    "a candidate that has all requests keeps the pod that starts, though gateways have not said yet what they do": {
      asked: {
        stepWeight: 100,
        maxSurge: 1,
        stable: pods(1),
        candidate: pods(3, { replicas: 4, live: 4 }),
        candidateWeight: 100,
        declaredCandidateWeight: 100,
      },
      want: { stable: 1, candidate: 4, maxCandidateWeight: 75, ...surge },
    },
    "no pod that starts goes over to the stable revision while a gateway has not said what it does": {
      asked: {
        stepWeight: 100,
        maxSurge: 0,
        maxUnavailable: 1,
        stable: pods(2),
        candidate: pods(1, { replicas: 2, live: 2 }),
        candidateWeight: 100,
        declaredCandidateWeight: 33,
        hasSilentGateway: true,
      },
      want: { stable: 2, candidate: 2, maxCandidateWeight: 33, ...surge },
    },
    "blue-green gives nothing to a part of the candidate, though gateways have not said yet what they do": {
      asked: {
        strategy: "BlueGreen",
        stepWeight: 100,
        candidate: pods(1, { replicas: 4, live: 4 }),
        candidateWeight: 100,
        declaredCandidateWeight: 0,
      },
      want: { stable: 4, candidate: 4, maxCandidateWeight: 0, ...surge },
    },
    "the stable revision does not grow while the candidate declares a pod more than there is room for": {
      asked: {
        wanted: 3,
        stepWeight: 100,
        maxSurge: 1,
        maxUnavailable: 1,
        stable: pods(1),
        candidate: pods(0, { replicas: 3, live: 2 }),
        stableWeight: 100,
        candidateWeight: 50,
      },
      want: { stable: 1, candidate: 2, maxCandidateWeight: 0, ...surge },
    },
    "pods of an older candidate take the room until they have gone": {
      asked: { stepWeight: 100, others: 3 },
      want: { stable: 4, candidate: 1, maxCandidateWeight: 0, ...surge },
    },
    "more of them than there is room for make no pod go": {
      asked: { stepWeight: 50, others: 6, candidate: pods(1) },
      want: { stable: 4, candidate: 1, maxCandidateWeight: 0, ...surge },
    },
    "a stable pod goes at once where one may be missing": {
      asked: { maxSurge: 0, maxUnavailable: 1 },
      want: { stable: 3, candidate: 0, maxCandidateWeight: 0, ...surge },
    },
    "shares of maxSurge are rounded up": {
      asked: { maxSurge: "30%", stepWeight: 100 },
      want: { stable: 4, candidate: 2, maxCandidateWeight: 0, ...surge },
    },
    "shares of maxUnavailable are rounded down": {
      asked: { maxSurge: 0, maxUnavailable: "60%", stepWeight: 100 },
      want: { stable: 2, candidate: 0, maxCandidateWeight: 0, ...surge },
    },
    "surge and unavailable that are both 0 would stop every rollout": {
      asked: { maxSurge: 0, maxUnavailable: "10%" },
      want: {
        stable: 3,
        candidate: 0,
        maxCandidateWeight: 0,
        mode: "Surge",
        why: `${beside}; maxSurge 0 and maxUnavailable 10% of 4 are both 0: one pod may be missing`,
      },
    },
    "the only pod goes first where none may come beside it": {
      asked: { wanted: 1, maxSurge: 0, maxUnavailable: 1 },
      want: {
        stable: 0,
        candidate: 0,
        maxCandidateWeight: 0,
        mode: "Recreate",
        why: "maxSurge is 0 and there is one pod: it ends before the candidate's starts, requests wait at the gateway",
      },
    },
    "and the stable revision gets it when they are gone": {
      asked: { maxSurge: 1, stable: pods(2), candidate: pods(0, { replicas: 1, live: 1 }), stableWeight: 100 },
      want: { stable: 4, candidate: 1, maxCandidateWeight: 0, ...surge },
    },
    "scaling out in a step adds to both revisions": {
      asked: { wanted: 8, stable: pods(4), candidate: pods(2), stableWeight: 50 },
      want: { stable: 8, candidate: 4, maxCandidateWeight: 25, ...surge },
    },
    "scaling in in a step takes from both revisions": {
      asked: { wanted: 2, stable: pods(4), candidate: pods(2), stableWeight: 50 },
      want: { stable: 2, candidate: 1, maxCandidateWeight: 100, ...surge },
    },
    "a candidate that has a larger weight than its step keeps its pods until the weight has gone": {
      asked: { stepWeight: 25, candidate: pods(2), stableWeight: 75, candidateWeight: 50 },
      want: { stable: 4, candidate: 2, maxCandidateWeight: 50, ...surge },
    },
    "pods of the candidate that do not get ready give back what the stable revision lacks": {
      asked: { maxSurge: 1, stable: pods(2), candidate: pods(0, { replicas: 3, live: 3 }), stableWeight: 100 },
      want: { stable: 2, candidate: 1, maxCandidateWeight: 0, ...surge },
    },
    "all of a blue-green candidate comes beside all stable pods": {
      asked: { strategy: "BlueGreen", stepWeight: 100, maxSurge: 1 },
      want: { stable: 4, candidate: 4, maxCandidateWeight: 0, ...surge },
    },
    "a blue-green candidate gets everything when it is complete": {
      asked: { strategy: "BlueGreen", stepWeight: 100, candidate: pods(4) },
      want: { stable: 4, candidate: 4, maxCandidateWeight: 100, ...surge },
    },
    "no pods are wanted": {
      asked: { wanted: 0, stable: pods(2), candidate: pods(1) },
      want: { stable: 0, candidate: 0, maxCandidateWeight: 0, ...surge },
    },
    "on the way back the candidate keeps its pods while it has a weight": {
      asked: { isRollingBack: true, maxSurge: 1, stable: pods(3), candidate: pods(2), stableWeight: 75 },
      want: { stable: 3, candidate: 2, maxCandidateWeight: 0, ...surge },
    },
    "on the way back the stable revision gets the room that the candidate leaves": {
      asked: { isRollingBack: true, maxSurge: 1, stable: pods(2), candidate: pods(1), candidateWeight: 0 },
      want: { stable: 4, candidate: 0, maxCandidateWeight: 0, ...surge },
    },
  };
  test.each(Object.entries(cases))("%s", (_, { asked, want }) => {
    expect(counts(input(asked))).toEqual(want);
  });
});

describe("modes", () => {
  const two = { wanted: 2, stepWeight: 100 };
  const one = { wanted: 1, stepWeight: 100 };
  const recreate = {
    mode: "Recreate",
    why: `${recreates}, because there was no free capacity: ${insufficient}`,
  } as const;
  const kept = { mode: "Swap", modeWhy: "as it was said" } as const;
  const cases: Readonly<Record<string, Case>> = {
    "a pod without a node waits for a while before another gives way": {
      asked: { ...two, candidate: homeless(roomGraceMs - 1) },
      want: { stable: 2, candidate: 2, maxCandidateWeight: 0, ...surge, recheckAfterMs: 1 },
    },
    "then a stable pod gives way, if there are others": {
      asked: { ...two, candidate: homeless(roomGraceMs) },
      want: { stable: 1, candidate: 1, maxCandidateWeight: 0, ...swap },
    },
    "the only stable pod gives way and requests wait": {
      asked: { ...one, candidate: homeless(roomGraceMs) },
      want: { stable: 0, candidate: 1, maxCandidateWeight: 0, ...recreate },
    },
    "a quota is as good a reason as a full cluster": {
      asked: { ...two, candidate: pods(0, { replicas: 1, refused: exceeded, refusedSinceMs: now - roomGraceMs }) },
      want: {
        stable: 1,
        candidate: 1,
        maxCandidateWeight: 0,
        ...swap,
        why: `${swaps}, because there was no free capacity: ${exceeded}`,
      },
    },
    "a stable pod whose room the candidate has taken gives way as well": {
      asked: {
        ...two,
        stable: pods(1, { replicas: 2, refused: exceeded, refusedSinceMs: now - roomGraceMs }),
        candidate: pods(0, { replicas: 1, live: 1 }),
      },
      want: {
        stable: 1,
        candidate: 1,
        maxCandidateWeight: 0,
        ...swap,
        why: `${swaps}, because there was no free capacity: ${exceeded}`,
      },
    },
    "a stable pod without room takes none from a candidate without pods": {
      asked: { ...two, stable: pods(1, { replicas: 2, refused: exceeded, refusedSinceMs: now - roomGraceMs }) },
      want: { stable: 2, candidate: 2, maxCandidateWeight: 0, ...surge },
    },
    "a quota that refuses for a moment only is none": {
      asked: { ...two, candidate: pods(0, { replicas: 1, refused: exceeded, refusedSinceMs: now }) },
      want: { stable: 2, candidate: 2, maxCandidateWeight: 0, ...surge, recheckAfterMs: roomGraceMs },
    },
    "what no stable pod could give is waited for": {
      asked: {
        ...two,
        candidate: homeless(roomGraceMs, 0, "0/1 nodes are available: 1 node(s) had untolerated taint {a: b}."),
      },
      want: {
        stable: 2,
        candidate: 2,
        maxCandidateWeight: 0,
        mode: "Surge",
        why: `${beside}; no stable pod could free what they wait for: 0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.`,
      },
    },
    "pods that are just ending make room by themselves": {
      asked: { ...two, stable: pods(2, { terminating: 1 }), candidate: homeless(roomGraceMs) },
      want: {
        stable: 2,
        candidate: 2,
        maxCandidateWeight: 0,
        mode: "Surge",
        why: `${beside} once terminating pods have made room`,
        recheckAfterMs: roomGraceMs,
      },
    },
    "no stable pod goes for a candidate that needs more than it leaves": {
      asked: {
        ...two,
        candidate: { ...homeless(roomGraceMs), placement: { ...gpu, requests: { "nvidia.com/gpu": "2" } } },
      },
      want: {
        stable: 2,
        candidate: 2,
        maxCandidateWeight: 0,
        mode: "Surge",
        why: `there is no room, and a stable pod would leave 1 nvidia.com/gpu where a pod of the candidate needs 2: ${insufficient}`,
      },
    },
    "no stable pod goes for nothing that is known": {
      asked: { ...two, stable: pods(2, { placement: undefined }), candidate: homeless(roomGraceMs) },
      want: {
        stable: 2,
        candidate: 2,
        maxCandidateWeight: 0,
        mode: "Surge",
        why: `there is no room, and it is unknown what a stable pod would free: ${insufficient}`,
      },
    },
    "a wait since a time far ahead is over": {
      asked: { ...two, candidate: homeless(-3_600_000) },
      want: { stable: 1, candidate: 1, maxCandidateWeight: 0, ...swap },
    },
    "weight goes before the next stable pod does": {
      asked: { ...two, ...kept, stable: pods(1), candidate: pods(1) },
      want: { stable: 1, candidate: 1, maxCandidateWeight: 100, mode: "Swap", why: "as it was said" },
    },
    "the last stable pod goes without weight": {
      asked: { ...two, ...kept, stable: pods(1), candidate: pods(1), stableWeight: 0 },
      want: { stable: 0, candidate: 1, maxCandidateWeight: 100, mode: "Swap", why: "as it was said" },
    },
    "of four pods three carry everything, so a candidate's one carries a third": {
      asked: { ...kept, stable: pods(3), candidate: pods(1), stepWeight: 100 },
      want: { stable: 3, candidate: 1, maxCandidateWeight: 33, mode: "Swap", why: "as it was said" },
    },
    "a swap goes on although the candidate has its node": {
      asked: { ...two, ...kept, stable: pods(1), candidate: pods(0, { replicas: 1, live: 1 }) },
      want: { stable: 1, candidate: 1, maxCandidateWeight: 0, mode: "Swap", why: "as it was said" },
    },
    "no stable pod makes room below what the load needs": {
      asked: { ...kept, stepWeight: 100, required: 4 },
      want: {
        stable: 4,
        candidate: 0,
        maxCandidateWeight: 0,
        mode: "Swap",
        why: "as it was said",
        waitsFor: "the load needs 4 pods: no stable pod makes room before it needs fewer",
      },
    },
    "a swap of what is one pod by now is a recreation": {
      asked: { ...one, ...kept, candidate: pods(0, { replicas: 1, live: 1 }) },
      want: { stable: 0, candidate: 1, maxCandidateWeight: 0, mode: "Recreate", why: recreates },
    },
    "a recreation of what has several pods by now is a swap": {
      asked: { ...two, mode: "Recreate", modeWhy: "as it was said" },
      want: { stable: 1, candidate: 0, maxCandidateWeight: 0, mode: "Swap", why: swaps },
    },
    "a recreation that has begun is finished, whatever the scale": {
      asked: {
        ...two,
        mode: "Recreate",
        modeWhy: "as it was said",
        stable: pods(0),
        candidate: pods(0, { replicas: 1, live: 1 }),
      },
      want: { stable: 0, candidate: 2, maxCandidateWeight: 0, mode: "Recreate", why: "as it was said" },
    },
    "the candidate starts when the stable pods are gone": {
      asked: { strategy: "Recreate", stepWeight: 100, stable: pods(0, { terminating: 1 }) },
      want: {
        stable: 0,
        candidate: 0,
        maxCandidateWeight: 0,
        mode: "Recreate",
        why: "spec.rollout.recreate: the stable pods end before the candidate's start",
      },
    },
    "the candidate starts when pods of an older candidate are gone, too": {
      asked: { strategy: "Recreate", stepWeight: 100, stable: pods(0), others: 1 },
      want: {
        stable: 0,
        candidate: 0,
        maxCandidateWeight: 0,
        mode: "Recreate",
        why: "spec.rollout.recreate: the stable pods end before the candidate's start",
      },
    },
    "the first ready pod of a recreation gets everything": {
      asked: { strategy: "Recreate", stepWeight: 100, stable: pods(0), candidate: pods(1, { replicas: 4, live: 4 }) },
      want: {
        stable: 0,
        candidate: 4,
        maxCandidateWeight: 100,
        mode: "Recreate",
        why: "spec.rollout.recreate: the stable pods end before the candidate's start",
      },
    },
    "capacity Surge waits for room": {
      asked: { ...two, capacity: "Surge", candidate: homeless(roomGraceMs) },
      want: {
        stable: 2,
        candidate: 2,
        maxCandidateWeight: 0,
        mode: "Surge",
        why: `spec.rollout.capacity is Surge and there is no room: ${insufficient}`,
      },
    },
    "capacity Swap asks no cluster": {
      asked: { ...two, capacity: "Swap" },
      want: {
        stable: 1,
        candidate: 0,
        maxCandidateWeight: 0,
        mode: "Swap",
        why: `spec.rollout.capacity is Swap: ${swaps}`,
      },
    },
    "capacity Swap takes no pod for a candidate that asks for other nodes": {
      asked: {
        ...two,
        capacity: "Swap",
        candidate: pods(0, { placement: { ...gpu, nodes: [[{ key: "zone", operator: "In", values: ["b"] }]] } }),
      },
      want: {
        stable: 2,
        candidate: 2,
        maxCandidateWeight: 0,
        mode: "Surge",
        why: `spec.rollout.capacity is Swap, but the candidate asks for other nodes than those of the stable pods: ${beside}`,
      },
    },
    "capacity InPlace is a recreation of the only pod": {
      asked: { ...one, capacity: "InPlace" },
      want: {
        stable: 0,
        candidate: 0,
        maxCandidateWeight: 0,
        mode: "Recreate",
        why: `spec.rollout.capacity is InPlace, which is not implemented yet: ${recreates}`,
      },
    },
    "capacity Recreate ends all stable pods": {
      asked: { capacity: "Recreate" },
      want: {
        stable: 0,
        candidate: 0,
        maxCandidateWeight: 0,
        mode: "Recreate",
        why: "spec.rollout.capacity is Recreate: all stable pods make room, requests wait at the gateway",
      },
    },
    "capacity Borrow is what Auto does, and says so": {
      asked: { ...two, capacity: "Borrow", candidate: homeless(roomGraceMs) },
      want: {
        stable: 1,
        candidate: 1,
        maxCandidateWeight: 0,
        mode: "Swap",
        why: `spec.rollout.capacity is Borrow, which is not implemented yet: ${swap.why}`,
      },
    },
    "capacity Share says once what it does": {
      asked: {
        ...two,
        capacity: "Share",
        mode: "Swap",
        modeWhy: "as it was said",
        stable: pods(1),
        candidate: pods(1),
      },
      want: { stable: 1, candidate: 1, maxCandidateWeight: 100, mode: "Swap", why: "as it was said" },
    },
    "pods that found room stay when the rest has to swap": {
      asked: { stepWeight: 100, candidate: homeless(roomGraceMs, 1) },
      want: { stable: 3, candidate: 1, maxCandidateWeight: 33, ...swap },
    },
  };
  test.each(Object.entries(cases))("%s", (_, { asked, want }) => {
    expect(counts(input(asked))).toEqual(want);
  });
});

test("a sentence that is longer than status has room for is cut", () => {
  const long = `${insufficient} ${"and so on ".repeat(200)}`;
  const { why } = counts(input({ wanted: 2, candidate: homeless(roomGraceMs, 0, long) }));
  expect([why.length, why.startsWith(swap.why)]).toEqual([1024, true]);
});
