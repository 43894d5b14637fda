import type { Schedule } from "./schedule/schedule.ts";

const phaseViolations = {
  progressDeadline: "24h",
  analysis: { interval: "5s", minimumRequests: 50 },
  revisionHistoryLimit: 1,
};

/** The schedules of `found.ts` with a rollout strategy. */
export const foundRollouts: Readonly<Record<string, Schedule>> = {
  "a candidate skips its steps because the stable revision waits for room": {
    seed: 23_125,
    operators: 1,
    from: 2,
    phases: [
      [
        {
          gapMs: 0,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 2,
            rollout: {
              ...phaseViolations,
              canary: { steps: [{ setWeight: 25 }, { pause: { duration: "4s" } }, { setWeight: 50 }] },
            },
          },
        },
      ],
      [{ gapMs: 0, name: "shop", act: { kind: "quota", pods: 2 } }],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "bad-2.h5" } }],
    ],
    faults: [{ on: "time", kind: "edit-replica-set", phase: 2, at: 27_595, amount: 0.011_175_974_039_360_88 }],
  },
  "a candidate takes the room of a stable pod, and status reports Surge": {
    seed: 311_125,
    operators: 1,
    from: 2,
    phases: [
      [
        {
          gapMs: 0,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 2,
            rollout: {
              ...phaseViolations,
              canary: {
                steps: [
                  { setWeight: 25 },
                  { pause: { duration: "4s" } },
                  { setWeight: 50 },
                  { analyze: { duration: "8s" } },
                ],
              },
            },
          },
        },
      ],
      [{ gapMs: 0, name: "shop", act: { kind: "quota", pods: 2 } }],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "bad-2.h5" } }],
    ],
    faults: [
      { on: "request", kind: "crash-before", phase: 2, at: 6, amount: 0.879_213_554_551_824_8 },
      { on: "request", kind: "crash-before", phase: 2, at: 3, amount: 0.229_980_055_708_438_16 },
      { on: "event", kind: "only-bookmarks", phase: 2, at: 22, amount: 0.368_147_272_894_725_5 },
      { on: "event", kind: "cut", phase: 2, at: 26, amount: 0.309_334_251_796_826_7 },
      { on: "event", kind: "close", phase: 2, at: 4, amount: 0.611_148_700_816_556_8 },
      { on: "event", kind: "expire", phase: 2, at: 0, amount: 0.508_129_175_752_401_4 },
      { on: "time", kind: "edit-replica-set", phase: 2, at: 5_786, amount: 0.128_436_424_769_461_15 },
    ],
  },
  "a user goes back to a stable revision without ready pods, and the serving candidate loses its requests": {
    seed: 1_999,
    operators: 1,
    from: 1,
    afterMs: 2_500,
    phases: [
      [
        {
          gapMs: 2_000,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 1,
            rollout: {
              ...phaseViolations,
              canary: {
                steps: [
                  { pause: { duration: "3s" } },
                  { setWeight: 50 },
                  { analyze: {} },
                  { setWeight: 20 },
                  { pause: {} },
                ],
              },
            },
          },
        },
        { gapMs: 15_000, name: "shop", act: { kind: "model", model: "good-2.h5" } },
        { gapMs: 14_000, name: "shop", act: { kind: "suspend", suspend: true } },
        { gapMs: 14_000, name: "shop", act: { kind: "suspend", suspend: false } },
      ],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "good-1.h5" } }],
    ],
    faults: [],
  },
  "the spec changes again while only a candidate with half of the requests serves": {
    seed: 672207,
    operators: 1,
    phases: [
      [
        {
          gapMs: 2000,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 1,
            rollout: {
              ...phaseViolations,
              canary: {
                steps: [
                  { pause: { duration: "3s" } },
                  { setWeight: 50 },
                  { analyze: {} },
                  { setWeight: 20 },
                  { pause: {} },
                ],
              },
            },
          },
        },
        { gapMs: 15000, name: "shop", act: { kind: "model", model: "good-2.h5" } },
        { gapMs: 14000, name: "shop", act: { kind: "suspend", suspend: true } },
      ],
      [
        { gapMs: 0, name: "shop", act: { kind: "suspend", suspend: false } },
        { gapMs: 2000, name: "shop", act: { kind: "await-answers" } },
        { gapMs: 2000, name: "shop", act: { kind: "rollout", rollout: { progressDeadline: "24h" } } },
        { gapMs: 0, name: "shop", act: { kind: "model", model: "good-9.h5" } },
      ],
    ],
    from: 1,
    afterMs: 14000,
    faults: [
      { on: "event", kind: "expire", phase: 1, at: 17, amount: 0.19862266420386732 },
      { on: "event", kind: "close", phase: 1, at: 10, amount: 0.17941631516441703 },
    ],
  },
  "a step completes without a pod because a user's pods take its room": {
    seed: 657742,
    operators: 1,
    phases: [
      [
        {
          gapMs: 0,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 3,
            rollout: {
              progressDeadline: "24h",
              analysis: { interval: "5s", minimumRequests: 50 },
              revisionHistoryLimit: 2,
              blueGreen: { autoPromote: false, scaleDownDelay: "5s" },
            },
          },
        },
      ],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "differing-2.h5" } }],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "bad-3.h5" } }],
    ],
    from: 2,
    faults: [
      { on: "request", kind: "crash-after", phase: 2, at: 0, amount: 0.2912430993746966 },
      { on: "event", kind: "delay", phase: 2, at: 10, amount: 0.7370760249905288 },
      { on: "time", kind: "edit-replica-set", phase: 2, at: 9935, amount: 0.5630419123917818 },
    ],
  },
  "a restart removes a starting pod of a candidate with all requests": {
    seed: 625607,
    operators: 1,
    phases: [
      [
        {
          gapMs: 9000,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 4,
            rollout: {
              progressDeadline: "24h",
              analysis: { interval: "5s", minimumRequests: 50 },
              canary: { steps: [{ setWeight: 100 }, { pause: {} }], maxSurge: 1 },
            },
          },
        },
        { gapMs: 15000, name: "shop", act: { kind: "model", model: "failing-2.h5" } },
        { gapMs: 14000, name: "shop", act: { kind: "command", command: "promoteFull", value: "given-1" } },
        { gapMs: 2000, name: "shop", act: { kind: "model", model: "failing-3.h5" } },
        { gapMs: 6000, name: "shop", act: { kind: "model", model: "good-4.h5" } },
        { gapMs: 2000, name: "shop", act: { kind: "await-answers" } },
        { gapMs: 25000, name: "shop", act: { kind: "rollout", rollout: { progressDeadline: "24h" } } },
        { gapMs: 14000, name: "shop", act: { kind: "model", model: "good-9.h5" } },
      ],
    ],
    faults: [
      { on: "request", kind: "conflict", phase: 0, at: 45, amount: 0.1551352865062654 },
      { on: "request", kind: "crash-after", phase: 0, at: 156, amount: 0.8389654248021543 },
      { on: "request", kind: "late", phase: 0, at: 133, amount: 0.9401374517474324 },
      { on: "request", kind: "too-many-retry-after", phase: 0, at: 123, amount: 0.4156710177194327 },
      { on: "request", kind: "crash-after", phase: 0, at: 2, amount: 0.43990892614237964 },
      { on: "event", kind: "only-bookmarks", phase: 0, at: 182, amount: 0.028993923449888825 },
      { on: "time", kind: "second-leader", phase: 0, at: 36874, amount: 0.04999639419838786 },
      { on: "time", kind: "gateway-leaves", phase: 0, at: 25544, amount: 0.7409078178461641 },
      { on: "time", kind: "kill-pod", phase: 0, at: 67907, amount: 0.8307562672998756 },
    ],
  },
  "two leaders, one without some pods in its cache, scale a revision back and forth": {
    seed: 640075,
    operators: 1,
    phases: [
      [
        {
          gapMs: 4000,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 4,
            rollout: {
              progressDeadline: "24h",
              analysis: { interval: "5s", minimumRequests: 50 },
              canary: {
                steps: [
                  { setWeight: 25 },
                  { pause: { duration: "4s" } },
                  { setWeight: 50 },
                  { analyze: { duration: "8s" } },
                ],
                maxSurge: 1,
              },
            },
          },
        },
        { gapMs: 15000, name: "shop", act: { kind: "quota", pods: 4 } },
        { gapMs: 9000, name: "shop", act: { kind: "model", model: "good-2.h5" } },
      ],
      [
        { gapMs: 0, name: "shop", act: { kind: "command", command: "retry", value: "given-1" } },
        { gapMs: 25000, name: "shop", act: { kind: "quota" } },
        { gapMs: 0, name: "shop", act: { kind: "await-answers" } },
        { gapMs: 6000, name: "shop", act: { kind: "rollout", rollout: { progressDeadline: "24h" } } },
        { gapMs: 6000, name: "shop", act: { kind: "model", model: "good-9.h5" } },
      ],
    ],
    from: 1,
    afterMs: 0,
    faults: [
      { on: "request", kind: "too-many", phase: 1, at: 27, amount: 0.952789620263502 },
      { on: "event", kind: "only-bookmarks", phase: 1, at: 175, amount: 0.33323680772446096 },
      { on: "event", kind: "expire", phase: 1, at: 130, amount: 0.3443330305162817 },
      { on: "event", kind: "close", phase: 1, at: 149, amount: 0.4558504684828222 },
      { on: "event", kind: "expire", phase: 1, at: 35, amount: 0.7444851454347372 },
      { on: "event", kind: "cut", phase: 1, at: 82, amount: 0.4724998865276575 },
      { on: "event", kind: "expire", phase: 1, at: 165, amount: 0.50714998296462 },
      { on: "event", kind: "only-bookmarks", phase: 1, at: 115, amount: 0.3193727913312614 },
      { on: "event", kind: "expire", phase: 1, at: 91, amount: 0.8552235062234104 },
      { on: "time", kind: "second-leader", phase: 1, at: 48917, amount: 0.36168644903227687 },
      { on: "time", kind: "outage", phase: 1, at: 31433, amount: 0.34421778633259237 },
    ],
  },
  "a candidate promoted by a spec change and the next candidate exceed maxSurge together": {
    seed: 912979,
    operators: 1,
    phases: [
      [
        {
          gapMs: 0,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 1,
            rollout: { progressDeadline: "24h", canary: { maxSurge: 0, maxUnavailable: 1 } },
          },
        },
      ],
      [
        { gapMs: 0, name: "shop", act: { kind: "model", model: "good-3.h5" } },
        { gapMs: 4832, name: "shop", act: { kind: "suspend", suspend: true } },
        { gapMs: 0, name: "shop", act: { kind: "model", model: "good-2.h5" } },
        { gapMs: 0, name: "shop", act: { kind: "suspend", suspend: false } },
      ],
    ],
    from: 1,
    faults: [{ on: "time", kind: "blind", phase: 1, at: 4390, amount: 0.146_500_708_069_652_32 }],
  },
  "pods stop although a deaf gateway, not observed as ready, sends them requests": {
    seed: 982903,
    operators: 1,
    phases: [
      [
        {
          gapMs: 4000,
          name: "shop",
          act: {
            kind: "create",
            model: "good-1.h5",
            replicas: 1,
            rollout: {
              progressDeadline: "24h",
              analysis: { interval: "5s", minimumRequests: 50 },
              capacity: "Surge",
              canary: {
                steps: [
                  { setWeight: 10 },
                  { analyze: { duration: "5s" } },
                  { setWeight: 60 },
                  { pause: { duration: "3s" } },
                ],
              },
            },
          },
        },
        { gapMs: 15000, name: "shop", act: { kind: "model", model: "differing-2.h5" } },
        { gapMs: 6000, name: "shop", act: { kind: "lose-candidate" } },
        { gapMs: 400, name: "shop", act: { kind: "suspend", suspend: true } },
      ],
      [
        { gapMs: 2000, name: "shop", act: { kind: "suspend", suspend: false } },
        { gapMs: 4000, name: "shop", act: { kind: "await-answers" } },
        { gapMs: 25000, name: "shop", act: { kind: "rollout", rollout: { progressDeadline: "24h" } } },
        { gapMs: 400, name: "shop", act: { kind: "model", model: "good-9.h5" } },
      ],
    ],
    from: 1,
    afterMs: 2000,
    faults: [
      { on: "event", kind: "drop", phase: 1, at: 32, amount: 0.10856813611462712 },
      { on: "event", kind: "cut", phase: 1, at: 15, amount: 0.7327602752484381 },
      { on: "time", kind: "gateway-unready", phase: 1, at: 1896, amount: 0.6305582749191672 },
      { on: "time", kind: "gateway-deaf", phase: 1, at: 30644, amount: 0.6094312153290957 },
    ],
  },
  "a leader with an old spec whose status writes are refused scales a revision up endlessly": {
    seed: 959631,
    operators: 1,
    phases: [
      [
        { gapMs: 2000, name: "shop", act: { kind: "create", model: "good-1.h5", replicas: 2 } },
        { gapMs: 6000, name: "shop", act: { kind: "model", model: "good-3.h5" } },
        { gapMs: 400, name: "shop", act: { kind: "model", model: "bad-1.h5" } },
        { gapMs: 0, name: "shop", act: { kind: "replicas", replicas: 3 } },
      ],
      [
        { gapMs: 6000, name: "shop", act: { kind: "replicas", replicas: 2 } },
        { gapMs: 40, name: "shop", act: { kind: "model", model: "good-4.h5" } },
      ],
    ],
    from: 1,
    afterMs: 6000,
    faults: [
      { on: "request", kind: "conflict", phase: 1, at: 17, amount: 0.8014784138649702 },
      { on: "request", kind: "crash-before", phase: 1, at: 28, amount: 0.06035961676388979 },
      { on: "request", kind: "crash-after", phase: 1, at: 0, amount: 0.2811779766343534 },
      { on: "request", kind: "lost-after", phase: 1, at: 37, amount: 0.2802006860729307 },
      { on: "request", kind: "too-many", phase: 1, at: 22, amount: 0.14679936622269452 },
      { on: "event", kind: "only-bookmarks", phase: 1, at: 66, amount: 0.8395718485116959 },
      { on: "event", kind: "only-bookmarks", phase: 1, at: 78, amount: 0.460899067344144 },
      { on: "event", kind: "only-bookmarks", phase: 1, at: 53, amount: 0.41514186281710863 },
      { on: "event", kind: "cut", phase: 1, at: 41, amount: 0.5126009166706353 },
      { on: "event", kind: "delay", phase: 1, at: 100, amount: 0.8100422557909042 },
      { on: "event", kind: "close", phase: 1, at: 76, amount: 0.20495114498771727 },
      { on: "time", kind: "second-leader", phase: 1, at: 1237, amount: 0.49492626916617155 },
      { on: "time", kind: "edit-child", phase: 1, at: 5990, amount: 0.4705623344052583 },
    ],
  },
  "a ReplicaSet whose creation event was lost takes room from the next one": {
    seed: 1009119,
    operators: 1,
    phases: [
      [
        {
          gapMs: 4000,
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
                maxSurge: "25%",
                maxUnavailable: "50%",
              },
            },
          },
        },
        { gapMs: 15000, name: "shop", act: { kind: "model", model: "good-2.h5" } },
        { gapMs: 400, name: "shop", act: { kind: "command", command: "promote", value: "given-1" } },
        { gapMs: 9000, name: "shop", act: { kind: "model", model: "differing-3.h5" } },
        { gapMs: 400, name: "shop", act: { kind: "model", model: "good-2.h5" } },
        { gapMs: 6000, name: "shop", act: { kind: "model", model: "failing-5.h5" } },
      ],
      [
        { gapMs: 0, name: "shop", act: { kind: "await-answers" } },
        { gapMs: 0, name: "shop", act: { kind: "rollout", rollout: { progressDeadline: "24h" } } },
        { gapMs: 38, name: "shop", act: { kind: "model", model: "good-9.h5" } },
      ],
    ],
    from: 1,
    afterMs: 0,
    faults: [
      { on: "event", kind: "drop", phase: 1, at: 26, amount: 0.5 },
      { on: "event", kind: "drop", phase: 1, at: 28, amount: 0.5 },
    ],
  },
  "two leaders, one without gateway streams yet, move a pod back and forth": {
    seed: 1044965,
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
              revisionHistoryLimit: 2,
              canary: { steps: [{ setWeight: 100 }, { pause: {} }], maxSurge: 1 },
            },
          },
        },
      ],
      [{ gapMs: 0, name: "shop", act: { kind: "quota", pods: 4 } }],
      [{ gapMs: 0, name: "shop", act: { kind: "model", model: "silent-2.h5" } }],
    ],
    from: 1,
    faults: [{ on: "time", kind: "second-leader", phase: 2, at: 14700, amount: 0.8260945703368634 }],
  },
};
