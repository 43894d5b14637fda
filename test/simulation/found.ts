import { foundCapacity } from "./found-capacity.ts";
import { foundRollouts } from "./found-rollouts.ts";
import type { Schedule } from "./schedule/schedule.ts";

/** The phases of the cases in which a candidate with all requests loses its pods. */
const lostCandidate: Schedule["phases"] = [
  [
    {
      gapMs: 0,
      name: "shop",
      act: {
        kind: "create",
        model: "good-1.h5",
        replicas: 2,
        rollout: {
          progressDeadline: "24h",
          analysis: { interval: "5s", minimumRequests: 50 },
          canary: { steps: [{ setWeight: 100 }, { pause: {} }], maxSurge: 1 },
        },
      },
    },
  ],
  [{ gapMs: 0, name: "shop", act: { kind: "model", model: "differing-2.h5" } }],
  [{ gapMs: 0, name: "shop", act: { kind: "model", model: "good-1.h5" } }],
  [{ gapMs: 0, name: "shop", act: { kind: "replicas", replicas: 4 } }],
  [{ gapMs: 0, name: "shop", act: { kind: "model", model: "good-4.h5" } }],
  [{ gapMs: 0, name: "shop", act: { kind: "lose-candidate" } }],
];

/** Shrunk schedules that failed once, by defect. `README.md` lists the fixes. */
export const found: Readonly<Record<string, Schedule>> = {
  "a restart writes a status that names another of several failing pods": {
    seed: 59,
    operators: 1,
    phases: [
      [
        { gapMs: 0, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 3 } },
        { gapMs: 9_000, name: "shop", act: { kind: "model", model: "bad-2.h5" } },
      ],
    ],
    faults: [],
  },
  "status.model is lost by a crash between a candidate's readiness and its promotion": {
    seed: 48,
    operators: 1,
    phases: [
      [{ gapMs: 0, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 2 } }],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "good-3.h5" } }],
    ],
    faults: [
      { on: "event", kind: "expire", phase: 0, at: 42, amount: 0.058_913_419_255_986_81 },
      { on: "request", kind: "crash-before", phase: 1, at: 4, amount: 0.297_708_514_379_337_43 },
      { on: "request", kind: "crash-before", phase: 1, at: 25, amount: 0.202_725_367_154_925_06 },
      { on: "request", kind: "crash-after", phase: 1, at: 8, amount: 0.081_057_200_673_967_6 },
    ],
  },
  "a key is not retried for minutes after an outage of a kind": {
    seed: 82,
    operators: 1,
    phases: [[{ gapMs: 0, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 1 } }]],
    faults: [
      { on: "request", kind: "crash-before", phase: 0, at: 2, amount: 0.458_795_134_909_451 },
      { on: "event", kind: "drop", phase: 0, at: 21, amount: 0.447_333_717_951_557_1 },
      { on: "time", kind: "kind-missing", phase: 0, at: 19_295, amount: 0.904_009_944_992_139_9 },
      { on: "time", kind: "edit-replica-set", phase: 0, at: 14_236, amount: 0.372_397_135_710_343_7 },
    ],
  },
  "a stable revision that a user scales to 0 loses its requests to a bad candidate": {
    seed: 126,
    operators: 1,
    phases: [
      [{ gapMs: 0, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 1 } }],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "bad-2.h5" } }],
    ],
    faults: [{ on: "time", kind: "edit-replica-set", phase: 1, at: 30_265, amount: 0.050_707_647_576_928_14 }],
  },
  "children are recreated endlessly while a deletion is not observed": {
    seed: 131,
    operators: 1,
    phases: [
      [
        { gapMs: 6_000, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 2 } },
        { gapMs: 0, name: "shop", act: { kind: "replicas", replicas: 2 } },
        { gapMs: 12_000, name: "shop", act: { kind: "model", model: "bad-2.h5" } },
        { gapMs: 6_000, name: "shop", act: { kind: "delete" } },
      ],
    ],
    faults: [
      { on: "event", kind: "cut", phase: 0, at: 22, amount: 0.507_816_668_367_013_3 },
      { on: "time", kind: "gateway-unready", phase: 0, at: 11_095, amount: 0.578_386_448_323_726_7 },
      { on: "time", kind: "outage", phase: 0, at: 16_292, amount: 0.797_391_012_543_812_4 },
    ],
  },
  "an old revision drains for an hour when the clock is set back": {
    seed: 220,
    operators: 1,
    phases: [
      [{ gapMs: 0, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 1 } }],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "good-2.h5" } }],
    ],
    faults: [
      { on: "request", kind: "lost-after", phase: 0, at: 16, amount: 0.742_713_726_821_454_1 },
      { on: "time", kind: "clock-back", phase: 1, at: 6_514, amount: 0.097_126_273_438_337_43 },
    ],
  },
  "two revisions get one version when a watch outage outlasts the wait for a key's own writes": {
    seed: 653,
    operators: 1,
    phases: [
      [
        { gapMs: 0, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 3 } },
        { gapMs: 40, name: "shop", act: { kind: "replicas", replicas: 1 } },
        { gapMs: 6_000, name: "shop", act: { kind: "annotate" } },
        { gapMs: 0, name: "shop", act: { kind: "replicas", replicas: 1 } },
        { gapMs: 12_000, name: "shop", act: { kind: "model", model: "bad-1.h5" } },
        { gapMs: 40, name: "shop", act: { kind: "model", model: "good-4.h5" } },
      ],
    ],
    faults: [
      { on: "request", kind: "lost-before", phase: 0, at: 79, amount: 0.108_587_576_086_376_88 },
      { on: "event", kind: "cut", phase: 0, at: 38, amount: 0.977_783_115_347_847_3 },
      { on: "event", kind: "cut", phase: 0, at: 10, amount: 0.233_959_600_096_568_47 },
      { on: "event", kind: "cut", phase: 0, at: 24, amount: 0.836_321_020_033_210_5 },
      { on: "time", kind: "outage", phase: 0, at: 17_264, amount: 0.437_873_501_563_444_73 },
      { on: "time", kind: "pause", phase: 0, at: 30_999, amount: 0.698_872_758_075_594_9 },
    ],
  },
  "two revisions get one version when a status write is refused": {
    seed: 15,
    operators: 1,
    phases: [
      [
        { gapMs: 6_000, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 2 } },
        { gapMs: 40, name: "shop", act: { kind: "replicas", replicas: 3 } },
        { gapMs: 6_000, name: "shop", act: { kind: "model", model: "bad-1.h5" } },
        { gapMs: 400, name: "shop", act: { kind: "model", model: "good-2.h5" } },
      ],
    ],
    faults: [
      { on: "request", kind: "crash-before", phase: 0, at: 17, amount: 0.489_129_387_773_573_4 },
      { on: "time", kind: "outage", phase: 0, at: 8_884, amount: 0.676_147_778_984_159_2 },
    ],
  },
  "an old ReplicaSet stays when it is deleted while its kind is not served": {
    seed: 6389,
    operators: 1,
    phases: [
      [
        { gapMs: 2_000, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 2 } },
        { gapMs: 2_000, name: "shop", act: { kind: "replicas", replicas: 3 } },
        { gapMs: 2_000, name: "shop", act: { kind: "model", model: "bad-3.h5" } },
        { gapMs: 12_000, name: "shop", act: { kind: "model", model: "good-4.h5" } },
      ],
    ],
    faults: [
      { on: "request", kind: "crash-after", phase: 0, at: 31, amount: 0.770_716_441_329_568_6 },
      { on: "request", kind: "crash-before", phase: 0, at: 54, amount: 0.724_704_365_245_997_9 },
      { on: "request", kind: "crash-before", phase: 0, at: 47, amount: 0.557_390_709_640_458_2 },
      { on: "event", kind: "close", phase: 0, at: 113, amount: 0.796_466_320_753_097_5 },
      { on: "event", kind: "expire", phase: 0, at: 43, amount: 0.512_818_577_000_871_3 },
      { on: "event", kind: "delay", phase: 0, at: 71, amount: 0.715_571_473_119_780_4 },
      { on: "time", kind: "kind-missing", phase: 0, at: 28_129, amount: 0.996_049_675_624_817_6 },
      { on: "time", kind: "kind-missing", phase: 0, at: 22_491, amount: 0.252_435_979_433_357_7 },
    ],
  },
  "two leaders, one with a stale view, overwrite each other's status endlessly": {
    seed: 344,
    operators: 1,
    phases: [
      [{ gapMs: 0, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 3 } }],
      [{ gapMs: 0, name: "shop", act: { kind: "annotate" } }],
      [{ gapMs: 0, name: "shop", act: { kind: "suspend", suspend: true } }],
    ],
    faults: [
      { on: "request", kind: "crash-after", phase: 0, at: 22, amount: 0.265_933_426_795_527_34 },
      { on: "event", kind: "delay", phase: 0, at: 22, amount: 0.090_440_929_867_207_31 },
      { on: "time", kind: "gateway-leaves", phase: 1, at: 0, amount: 0.381_149_454_740_807_4 },
      { on: "time", kind: "edit-child", phase: 1, at: 0, amount: 0.381_057_222_140_953 },
      { on: "event", kind: "drop", phase: 2, at: 13, amount: 0.295_462_627_895_176_4 },
      { on: "event", kind: "only-bookmarks", phase: 2, at: 1, amount: 0.756_766_500_184_312_5 },
      { on: "time", kind: "second-leader", phase: 2, at: 5_157, amount: 0.498_540_955_828_502_8 },
    ],
  },
  "the version of a ReplicaSet whose create got no response is assigned to the next revision": {
    seed: 3899,
    operators: 1,
    phases: [
      [
        { gapMs: 0, name: "shop", act: { kind: "foreign-service", isThere: true } },
        { gapMs: 12_000, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 1 } },
        { gapMs: 0, name: "shop", act: { kind: "foreign-service", isThere: false } },
        { gapMs: 12_000, name: "shop", act: { kind: "model", model: "bad-1.h5" } },
        { gapMs: 2_000, name: "shop", act: { kind: "model", model: "good-4.h5" } },
      ],
    ],
    faults: [
      { on: "request", kind: "crash-before", phase: 0, at: 0, amount: 0.786_672_781_687_229_9 },
      { on: "request", kind: "conflict", phase: 0, at: 23, amount: 0.482_329_689_897_596_84 },
      { on: "request", kind: "lost-after", phase: 0, at: 24, amount: 0.031_601_328_868_418_93 },
      { on: "event", kind: "cut", phase: 0, at: 1, amount: 0.889_381_865_039_467_8 },
      { on: "event", kind: "delay", phase: 0, at: 23, amount: 0.950_500_275_008_380_4 },
      { on: "event", kind: "delay", phase: 0, at: 16, amount: 0.903_362_656_943_5 },
    ],
  },
  "two revisions get one version when a create is carried out after its time-out": {
    seed: 10_919,
    operators: 1,
    phases: [
      [
        { gapMs: 6_000, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 2 } },
        { gapMs: 400, name: "shop", act: { kind: "annotate" } },
        { gapMs: 0, name: "shop", act: { kind: "model", model: "bad-1.h5" } },
        { gapMs: 400, name: "shop", act: { kind: "model", model: "good-4.h5" } },
      ],
    ],
    faults: [
      { on: "request", kind: "late", phase: 0, at: 17, amount: 0.514_668_093_528_598_5 },
      { on: "request", kind: "too-many-retry-after", phase: 0, at: 18, amount: 0.711_514_800_321_310_8 },
      { on: "event", kind: "cut", phase: 0, at: 8, amount: 0.955_775_549_635_291_1 },
    ],
  },
  "a child deleted before its creation was observed is not recreated": {
    seed: 840199,
    operators: 1,
    phases: [
      [
        { gapMs: 1000, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 1 } },
        { gapMs: 0, name: "shop", act: { kind: "suspend", suspend: true } },
        { gapMs: 12000, name: "shop", act: { kind: "suspend", suspend: false } },
      ],
    ],
    faults: [
      { on: "request", kind: "late", phase: 0, at: 13, amount: 0.27001792727969587 },
      { on: "request", kind: "lost-before", phase: 0, at: 8, amount: 0.3179545809980482 },
      { on: "event", kind: "only-bookmarks", phase: 0, at: 35, amount: 0.6552472722250968 },
      { on: "event", kind: "delay", phase: 0, at: 0, amount: 0.6933315217029303 },
      { on: "event", kind: "close", phase: 0, at: 3, amount: 0.3639203447382897 },
      { on: "event", kind: "cut", phase: 0, at: 33, amount: 0.07082082307897508 },
      { on: "event", kind: "drop", phase: 0, at: 36, amount: 0.6161769402679056 },
      { on: "event", kind: "cut", phase: 0, at: 10, amount: 0.8712217370048165 },
      { on: "time", kind: "delete-child", phase: 0, at: 44388, amount: 0.24717296147719026 },
      { on: "time", kind: "delete-child", phase: 0, at: 41052, amount: 0.061968217603862286 },
    ],
  },
  "with a Service name conflict a deleted ReplicaSet is not recreated": {
    seed: 6934,
    operators: 1,
    phases: [
      [{ gapMs: 0, name: "shop", act: { kind: "foreign-service", isThere: true } }],
      [{ gapMs: 0, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 2 } }],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "good-2.h5" } }],
    ],
    from: 2,
    faults: [{ on: "time", kind: "delete-child", phase: 2, at: 40000, amount: 0.99 }],
  },
  "a restart sends part of the requests to a blue-green candidate with one ready pod": {
    seed: 1026116,
    operators: 1,
    phases: [
      [
        {
          gapMs: 0,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 4,
            rollout: {
              progressDeadline: "24h",
              analysis: { interval: "5s", minimumRequests: 50 },
              blueGreen: { autoPromote: true, scaleDownDelay: "5s" },
            },
          },
        },
      ],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "failing-2.h5" } }],
    ],
    from: 1,
    resumeAt: 0.2090929381083697,
    faults: [],
  },
  "a deaf gateway knows only pods that are gone, and the oracle expects their successors to stay": {
    seed: 2565593,
    operators: 1,
    phases: lostCandidate,
    from: 5,
    faults: [
      { on: "event", kind: "delay", phase: 5, at: 2, amount: 0.6688490086235106 },
      { on: "time", kind: "gateway-deaf", phase: 5, at: 7441, amount: 0.35143320937640965 },
    ],
  },
  "a deaf gateway knows only terminating pods, and the oracle expects their successors to stay": {
    seed: 2568025,
    operators: 1,
    phases: lostCandidate,
    from: 5,
    faults: [
      { on: "event", kind: "cut", phase: 5, at: 2, amount: 0.4864631069358438 },
      { on: "time", kind: "gateway-deaf", phase: 5, at: 353, amount: 0.36855228058993816 },
    ],
  },
  "a scale-up whose response is lost is not counted, and the next candidate's pods exceed the surge": {
    seed: 2887647,
    operators: 1,
    phases: [
      [
        {
          gapMs: 14_000,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 3,
            rollout: {
              progressDeadline: "24h",
              analysis: { interval: "5s", minimumRequests: 50 },
              canary: {
                steps: [
                  { pause: { duration: "3s" } },
                  { setWeight: 50 },
                  { analyze: {} },
                  { setWeight: 20 },
                  { pause: {} },
                ],
                maxSurge: 1,
              },
            },
          },
        },
      ],
      [
        { gapMs: 7_500, name: "shop", act: { kind: "model", model: "bad-2.h5" } },
        { gapMs: 25_000, name: "shop", act: { kind: "await-answers" } },
        { gapMs: 400, name: "shop", act: { kind: "rollout", rollout: { progressDeadline: "24h" } } },
        { gapMs: 2_000, name: "shop", act: { kind: "model", model: "good-9.h5" } },
      ],
    ],
    from: 1,
    afterMs: 7_500,
    faults: [
      { on: "request", kind: "lost-after", phase: 1, at: 8, amount: 0.05466955527663231 },
      { on: "time", kind: "gateway-unready", phase: 1, at: 4895, amount: 0.48306889343075454 },
      { on: "time", kind: "blind", phase: 1, at: 27894, amount: 0.7539059442933649 },
    ],
  },
  "a candidate's only ready pod stays, and the oracle expects those to stay that are starting": {
    seed: 2851929,
    operators: 1,
    phases: lostCandidate,
    from: 4,
    resumeAt: 0.719509620917961,
    faults: [
      { on: "event", kind: "close", phase: 4, at: 17, amount: 0.6666903207078576 },
      { on: "event", kind: "cut", phase: 4, at: 1, amount: 0.907587607158348 },
      { on: "time", kind: "gateway-unready", phase: 4, at: 133, amount: 0.8306772275827825 },
      { on: "request", kind: "unavailable", phase: 5, at: 2, amount: 0.6235015101265162 },
    ],
  },
  "a candidate whose pods are back gets all requests and loses its pods to a stable revision without weight": {
    seed: 2812761,
    operators: 1,
    phases: lostCandidate,
    from: 5,
    faults: [
      { on: "event", kind: "delay", phase: 5, at: 10, amount: 0.5082200716715306 },
      { on: "event", kind: "close", phase: 5, at: 39, amount: 0.8797067678533494 },
      { on: "time", kind: "edit-child", phase: 5, at: 783, amount: 0.18293970497325063 },
    ],
  },
  ...foundCapacity,
  ...foundRollouts,
};
