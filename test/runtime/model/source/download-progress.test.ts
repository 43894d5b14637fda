import { describe, expect, test } from "vitest";
import { progressLine, progressReporter } from "../../../../runtime/model/source/download-progress.ts";
import { createManualClock } from "../../../builders/manual-clock.ts";

describe("the progress of a download", () => {
  test.each([
    [{ bytes: 12_300_000, totalBytes: 45_600_000 }, 1_200, "12.3 MB of 45.6 MB, 10.3 MB/s, 4 s left"],
    [{ bytes: 500_000, totalBytes: undefined }, 1_000, "0.5 MB, 0.5 MB/s"],
    [{ bytes: 0, totalBytes: 45_600_000 }, 1_000, "0.0 MB of 45.6 MB, 0.0 MB/s"],
  ])("%o after %d ms reads %s", (progress, elapsedMs, want) => {
    expect(progressLine(progress, elapsedMs)).toBe(want);
  });

  test("is reported at most every two seconds", async () => {
    const clock = createManualClock();
    const said: string[] = [];
    const report = progressReporter(clock, (line) => said.push(line));
    for (let second = 1; second <= 5; second++) {
      await clock.advance(1_000);
      report({ bytes: second * 1_000_000, totalBytes: 10_000_000 });
    }
    expect(said).toEqual(["2.0 MB of 10.0 MB, 1.0 MB/s, 8 s left", "4.0 MB of 10.0 MB, 1.0 MB/s, 6 s left"]);
  });
});
