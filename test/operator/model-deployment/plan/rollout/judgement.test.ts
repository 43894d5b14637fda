import { describe, expect, test } from "vitest";
import { rolloutPlan } from "../../../../../operator/model-deployment/plan/rollout/rollout-plan.ts";
import type { Observation } from "../../../../../operator/model-deployment/snapshot.ts";
import { at, evidence, given, seconds, spec } from "../../../../builders/rollout.ts";
import { snapshot, wantedHash as candidate } from "../../../../builders/snapshot.ts";

const often = { ...spec, rollout: { ...spec.rollout, analysis: { interval: "1s" } } };

/** Half of an analysis of 30 s with one judgement a second, the last one some seconds ago. */
function judged(ago: number, verdict: "None" | "Pass", changes: Partial<Observation> = {}): Partial<Observation> {
  const analysis = { verdict, message: "as it was", requests: 900, stableRequests: 900, judgedAt: seconds(ago) };
  return at(
    { step: 4, weight: 50, ready: 2, since: 15, rollout: { analysis } },
    { spec: often, evidence: evidence(0), ...changes },
  );
}

const anew = "candidate failed 0 of 1,000 requests (0 %), stable 0 of 1,000 (0 %)";

/** The reported judgement and its age in status. */
const rows: Readonly<Record<string, { given: Partial<Observation>; want: object }>> = {
  "an unchanged verdict is not reported every second": {
    given: judged(4, "Pass"),
    want: { told: ["Pass", "as it was", 4_000], hold: "as it was" },
  },
  "but every five seconds": { given: judged(5, "Pass"), want: { told: ["Pass", anew, 0], hold: anew } },
  "a new verdict is reported at once": { given: judged(1, "None"), want: { told: ["Pass", anew, 0], hold: anew } },
  "and a report of the previous step does not delay the first of this one": {
    given: { ...judged(2, "Pass"), status: { ...judged(2, "Pass").status, ...began(1) } },
    want: { told: ["Pass", anew, 0], hold: anew },
  },
};

/** A step that began some seconds ago. */
function began(ago: number): Pick<Observation["status"], "rollout"> {
  const { rollout } = judged(2, "Pass").status ?? {};
  return { rollout: { ...rollout, stepStartedAt: seconds(ago) } };
}

describe("a judgement without a verdict", () => {
  test.each(Object.entries(rows))("%s", (_sentence, { given, want }) => {
    const now = snapshot(given);
    const { state, stepHold } = rolloutPlan(now);
    const { verdict, message, atMs = 0 } = state.progress?.judgement ?? {};
    expect({ told: [verdict, message, now.now - atMs], hold: stepHold?.why }).toEqual(want);
  });
});

test("a judgement that is not reported is acted on all the same", () => {
  const early = judged(1, "Pass");
  const { actions } = rolloutPlan(snapshot({ ...early, status: { ...early.status, ...began(30) } }));
  expect(actions.map(({ kind, why }) => `${kind}: ${why}`)).toEqual([`step: ${anew}`]);
  const failing = rolloutPlan(snapshot({ ...early, evidence: evidence(200) })).actions;
  expect(failing.map(({ kind }) => kind)).toEqual(["rollBack", "shift"]);
});

/** The finished analyses in status. */
function kept(changes: Partial<Observation>, before = judged(1, "Pass")): unknown {
  const rollout = { ...before.status?.rollout, stepStartedAt: seconds(30), ...changes.status?.rollout };
  return rolloutPlan(snapshot({ ...before, ...changes, status: { ...before.status, rollout } })).state.analyses;
}

test("the result of an analyze step is kept for the newest candidate", () => {
  const other = { revision: "other", step: "step 1 of 1 (analyze 1m)", verdict: "Pass", message: "long ago" } as const;
  const own = { ...other, revision: candidate };
  const done = { revision: candidate, step: "step 5 of 5 (analyze 30s)", verdict: "Pass", message: anew };
  const asked = given({ promote: "1" });
  expect([
    kept({}),
    kept({ status: { rollout: { analyses: [other] } } }),
    kept({ status: { rollout: { analyses: Array.from({ length: 8 }, () => own) } } }),
    kept(asked, at({ step: 4, weight: 50, ready: 2 })),
  ]).toEqual([
    [done],
    [done],
    [...Array.from({ length: 7 }, () => own), done],
    [{ revision: candidate, step: "step 5 of 5 (analyze 30s)", verdict: "None" }],
  ]);
});
