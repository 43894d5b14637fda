import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startTimeoutMs, whyNotHere } from "../control-plane.ts";
import { survive, type Trouble, troubles } from "./outage.ts";
import { type Stage, startStage } from "./stage/stage.ts";

const reason = whyNotHere();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

/** MODELWRIGHT_OUTAGES=all plays troubles of up to two minutes. */
const isWhole = process.env["MODELWRIGHT_OUTAGES"] === "all";
const mostResyncMs = 5_000;
/** Beyond 10 s an operator loses its lease. */
const few: Readonly<Record<keyof typeof troubles, readonly number[]>> = {
  unreachable: [1, 14],
  silent: [14],
  dead: [4],
  tooMany: [6],
  tooManyForNow: [14],
  unavailable: [6],
  truncated: [6],
};
const many = [1, 2, 5, 10, 20, 45, 90, 120];

/** Without a watch cache and with an etcd that forgets after two seconds, history is soon gone. */
const forgetful = ["--watch-cache-sizes=replicasets.apps#0,services#0", "--etcd-compaction-interval=1s"];

interface Case {
  readonly namespace: string;
  readonly trouble: Trouble;
  readonly seconds: number;
}

const cases: readonly Case[] = Object.entries(troubles).flatMap(([key, trouble]) =>
  (isWhole ? many : (few[key as keyof typeof few] ?? [])).map((seconds) => ({
    // a key of the same record
    namespace: `${key.toLowerCase()}-${seconds}`,
    trouble,
    seconds,
  })),
);

describe.skipIf(reason !== undefined)(`an API server in trouble${skipped}`, () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ apiServerFlags: forgetful });
  }, startTimeoutMs);
  afterAll(() => stage?.stop());

  test.concurrent.each(cases)(
    "$trouble.name for $seconds s ends no operator, and 5 s later all is as it should be",
    { timeout: 300_000 },
    async ({ namespace, trouble, seconds }) => {
      const { resyncMs, ended, expired } = await survive(stage, namespace, { trouble, durationMs: seconds * 1_000 });
      process.stdout.write(
        `${trouble.name} for ${seconds} s: everything in order after ${Math.round(resyncMs)} ms, ${expired} watches told that their history is gone\n`,
      );
      expect(ended).toBeUndefined();
      expect(resyncMs).toBeLessThanOrEqual(mostResyncMs);
      // Then the server has compacted twice, and what watches resume from is gone.
      if (trouble === troubles.unreachable && seconds >= 10) expect(expired).toBeGreaterThan(0);
    },
  );
});
