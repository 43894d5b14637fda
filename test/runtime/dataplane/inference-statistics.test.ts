import { expect, test } from "vitest";
import { statisticsRecorder } from "../../../runtime/dataplane/inference-statistics.ts";
import { createManualClock } from "../../builders/manual-clock.ts";

test("the recorder sums requests and their durations, queueing and engine times, and failures", async () => {
  const clock = createManualClock();
  const recorder = statisticsRecorder(clock);
  const none = { count: 0, totalMs: 0 };
  const nothing = { success: none, failure: none, queue: none, compute: none, rows: 0, executions: 0, lastMs: 0 };
  expect(recorder.statistics()).toEqual(nothing);
  const start = clock.monotonic();
  await clock.advance(10);
  recorder.recordBatch([start, start + 4], start + 6, 5);
  recorder.recordFailure(start + 9);
  expect(recorder.statistics()).toEqual({
    success: { count: 2, totalMs: 10 + 6 },
    failure: { count: 1, totalMs: 1 },
    queue: { count: 2, totalMs: 6 + 2 },
    compute: { count: 2, totalMs: 4 + 4 },
    rows: 5,
    executions: 1,
    lastMs: clock.now(),
  });
});
