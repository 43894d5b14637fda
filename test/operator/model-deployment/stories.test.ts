import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plan } from "../../../operator/model-deployment/plan/plan.ts";
import { revisionHash } from "../../../operator/model-deployment/plan/revisions.ts";
import { simulatedControllers } from "../../../operator/model-deployment/simulation/controllers.ts";
import {
  story,
  type StoryOptions,
  storyText,
  type StoryEvent,
} from "../../../operator/model-deployment/simulation/story.ts";
import { createSnapshot, type Observation, type Snapshot } from "../../../operator/model-deployment/snapshot.ts";
import { model, modelDeployment, settings, testMs } from "../../builders/model-deployment.ts";
import {
  turnViolations,
  crashingAt,
  finalState,
  permutations,
  staleLeader,
  writeCount,
} from "../../builders/story-invariants.ts";

const becomes = (turn: number, key: string): StoryEvent => ({
  turn,
  description: `the model becomes ${key}`,
  spec: (spec) => ({ ...spec, ...model(key) }),
});
const scales = (turn: number, replicas: number): StoryEvent => ({
  turn,
  description: `replicas become ${replicas}`,
  spec: (spec) => ({ ...spec, replicas }),
});
const suspends = (turn: number, suspend: boolean): StoryEvent => ({
  turn,
  description: `suspend becomes ${suspend}`,
  spec: (spec) => ({ ...spec, suspend }),
});

const stories: Readonly<Record<string, readonly StoryEvent[]>> = {
  "first deploy": [],
  "model change": [becomes(8, "second.h5")],
  "model changes back midway": [becomes(8, "second.h5"), becomes(10, "digits.h5")],
  "model changes back after the switch": [becomes(8, "second.h5"), becomes(13, "digits.h5")],
  "candidate never loads and is corrected": [becomes(8, "broken.h5"), becomes(16, "second.h5")],
  "first model never loads and is corrected": [becomes(1, "broken.h5"), becomes(8, "second.h5")],
  "V1 to V2 to V3 midway": [becomes(8, "second.h5"), becomes(10, "third.h5")],
  "scale up during a rollout": [becomes(8, "second.h5"), scales(10, 4)],
  "scale down during a rollout": [becomes(8, "second.h5"), scales(10, 1)],
  "suspend and resume": [suspends(8, true), suspends(14, false)],
  "scale to zero and back": [scales(8, 0), scales(14, 2)],
  "candidate never loads and is scaled to zero and back": [becomes(8, "broken.h5"), scales(12, 0), scales(18, 2)],
  "model change while suspended": [suspends(8, true), becomes(12, "second.h5"), suspends(16, false)],
  "suspend during a rollout": [becomes(8, "second.h5"), suspends(10, true), suspends(16, false)],
};

const options = (events: readonly StoryEvent[]): StoryOptions => ({
  deployment: modelDeployment(),
  settings: settings({ drainDelayMs: 2_000 }),
  startMs: testMs,
  gateways: ["gateway-a", "gateway-b"],
  events,
});

describe.each(Object.entries(stories))("%s", (title, events) => {
  test("reads as expected", async () => {
    const turns = await story(options(events));
    await expect(storyText(title, turns)).toMatchFileSnapshot(`../../golden/stories/${title.replaceAll(" ", "-")}.txt`);
  });

  test("keeps its invariants in every turn, in whatever order the other components run", async () => {
    for (const controllers of permutations(simulatedControllers)) {
      const turns = await story({ ...options(events), controllers });
      expect(turns.flatMap(turnViolations)).toEqual([]);
      expect(finalState(turns)).toEqual(finalState(await story(options(events))));
    }
  });

  test("can be reproduced at any point: a printed snapshot parses back", async () => {
    for (const { snapshot } of await story(options(events))) {
      const printed: Observation = JSON.parse(JSON.stringify(snapshot));
      expect(plan(createSnapshot(printed))).toEqual(plan(snapshot));
    }
  });

  test("keeps its invariants beside a second leader whose observations are some turns old", async () => {
    const want = finalState(await story(options(events)));
    for (const age of [1, 2, 3, 5]) {
      const turns = await story({
        ...options(events),
        controllers: [...simulatedControllers, staleLeader(age)],
        maxTurns: 120,
      });
      expect({ age, broken: turns.flatMap(turnViolations) }).toEqual({ age, broken: [] });
      expect({ age, ...finalState(turns) }).toEqual({ age, ...want });
    }
  });

  test("ends the same when the operator crashes before or after any of its writes", async () => {
    const written = await writeCount(options(events));
    const want = finalState(await story(options(events)));
    for (let crash = 1; crash <= written; crash += 1) {
      const turns = await story({ ...options(events), beforeWrite: crashingAt(crash) });
      expect({ crash, ...finalState(turns) }).toEqual({ crash, ...want });
      expect({ crash, broken: turns.flatMap(turnViolations) }).toEqual({ crash, broken: [] });
    }
  });
});

test("any sequence of changes ends in the state that the last one declares, and breaks no invariant on the way", async () => {
  const turnsOf = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 });
  const changes = fc.array(
    fc.oneof(
      fc
        .constantFrom("digits.h5", "second.h5", "third.h5", "broken.h5")
        .map((key) => (turn: number) => becomes(turn, key)),
      fc.integer({ min: 0, max: 3 }).map((replicas) => (turn: number) => scales(turn, replicas)),
      fc.boolean().map((suspend) => (turn: number) => suspends(turn, suspend)),
    ),
    { minLength: 6, maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(turnsOf, changes, fc.integer({ min: 1, max: 60 }), async (moments, twistsAt, crash) => {
      const row = moments.toSorted((a, b) => a - b).flatMap((turn, index) => twistsAt[index]?.(turn) ?? []);
      const turns = await story({ ...options(row), maxTurns: 100, beforeWrite: crashingAt(crash) });
      const spec = row.reduce((before, event) => event.spec?.(before) ?? before, modelDeployment().spec);
      const last = turns.at(-1)?.snapshot;
      expect(turns.flatMap(turnViolations)).toEqual([]);
      expect(last?.wanted.hash).toBe(revisionHash(spec));
      expect(last === undefined ? ["gone"] : unsettled(last)).toEqual([]);
    }),
    { numRuns: 40 },
  );
}, 60_000);

/** Actions and holds that are left at the end, except for a model that never loads. */
function unsettled(snapshot: Snapshot): readonly string[] {
  const { wanted, rollout, revisions, status } = snapshot;
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  if (["UnsupportedLayer", "RolledBack"].includes(ready?.reason ?? "")) return [];
  const controllers = revisions.filter(({ hash }) => hash !== wanted.hash && hash !== rollout.stable?.revision);
  return [
    ...controllers.map(({ hash }) => `revision ${hash} is left over`),
    ...(ready?.status === "True" ? [] : [`Ready is ${ready?.status}: ${ready?.message}`]),
    ...(wanted.replicas > 0 && rollout.stable?.revision !== wanted.hash ? ["the wanted revision is not stable"] : []),
  ];
}
