import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startTimeoutMs, whyNoControlPlane } from "../control-plane.ts";
import { runThroughOutage, type Outage, outages } from "./outage.ts";
import { type TestCluster, startTestCluster } from "./cluster/test-cluster.ts";

const reason = whyNoControlPlane();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

/** MODELWRIGHT_OUTAGES=all runs outages of up to two minutes. */
const isWhole = process.env["MODELWRIGHT_OUTAGES"] === "all";
const mostResyncMs = 5_000;
/** Durations in seconds. After more than 10 s an operator loses its lease. */
const few: Readonly<Record<keyof typeof outages, readonly number[]>> = {
  unreachable: [1, 14],
  silent: [14],
  dead: [4],
  tooMany: [6],
  tooManyForNow: [14],
  unavailable: [6],
  truncated: [6],
};
const many = [1, 2, 5, 10, 20, 45, 90, 120];

/** Without a watch cache and with an etcd that compacts every second, watch history is gone after two seconds. */
const shortHistory = ["--watch-cache-sizes=replicasets.apps#0,services#0", "--etcd-compaction-interval=1s"];

interface Case {
  readonly namespace: string;
  readonly outage: Outage;
  readonly seconds: number;
}

const cases: readonly Case[] = Object.entries(outages).flatMap(([key, outage]) =>
  (isWhole ? many : (few[key as keyof typeof few] ?? [])).map((seconds) => ({
    // a key of the same record
    namespace: `${key.toLowerCase()}-${seconds}`,
    outage,
    seconds,
  })),
);

describe.skipIf(reason !== undefined)(`an outage of the API server${skipped}`, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startTestCluster({ apiServerFlags: shortHistory });
  }, startTimeoutMs);
  afterAll(() => cluster?.stop());

  test.concurrent.each(cases)(
    "$outage.name for $seconds s does not end the operator, and everything is as declared within 5 s after it",
    { timeout: 300_000 },
    async ({ namespace, outage, seconds }) => {
      const { resyncMs, ended, expired } = await runThroughOutage(cluster, namespace, {
        outage,
        durationMs: seconds * 1_000,
      });
      process.stdout.write(
        `${outage.name} for ${seconds} s: everything as declared after ${Math.round(resyncMs)} ms, ${expired} watches got 410 Gone\n`,
      );
      expect(ended).toBeUndefined();
      expect(resyncMs).toBeLessThanOrEqual(mostResyncMs);
      // The server has compacted twice by then, so the resourceVersions that watches resume from are gone.
      if (outage === outages.unreachable && seconds >= 10) expect(expired).toBeGreaterThan(0);
    },
  );
});
