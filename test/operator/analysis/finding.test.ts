import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import {
  combinedFinding,
  count,
  countText,
  decimal,
  type Finding,
  percent,
} from "../../../operator/analysis/finding.ts";

const found = (verdict: Finding["verdict"], message: string): Finding => ({ verdict, message });

describe("several findings", () => {
  test("fail together when any fails, with the messages of those that fail", () => {
    expect(combinedFinding([found("Pass", "a"), found("Fail", "b"), found("None", "c"), found("Fail", "d")])).toEqual({
      verdict: "Fail",
      message: "b; d",
    });
  });

  test("give no verdict while any of them has none", () => {
    expect(combinedFinding([found("Pass", "a"), found("None", "b")])).toEqual({ verdict: "None", message: "b" });
  });

  test("pass when all pass, and give no verdict when there are none", () => {
    expect(combinedFinding([found("Pass", "a"), found("Pass", "b")])).toEqual({ verdict: "Pass", message: "a; b" });
    expect(combinedFinding([])).toEqual({ verdict: "None", message: "nothing is compared" });
  });
});

interface Row {
  readonly id: string;
  readonly metrics: readonly string[];
  readonly run: string;
}

describe("beside the runs of Argo Rollouts", () => {
  const { rows } = JSON.parse(readFileSync(join(import.meta.dirname, "argo-runs.json"), "utf8")) as {
    readonly rows: readonly Row[];
  }; // made from recorded answers
  /** Inconclusive, Error, Running and Pending correspond to no verdict. */
  const verdictOf = (phase: string): Finding["verdict"] =>
    phase === "Successful" ? "Pass" : phase === "Failed" ? "Fail" : "None";
  /** One metric has failed while another is still measured: there the run ends at the next measurement, here at this one. */
  const isLeftRunning = ({ metrics, run }: Row): boolean => run === "Running" && metrics.includes("Failed");

  test.each(rows.filter((row) => !isLeftRunning(row)))("$metrics is as $run ($id)", ({ metrics, run }) => {
    expect(combinedFinding(metrics.map((phase) => found(verdictOf(phase), phase))).verdict).toBe(verdictOf(run));
  });

  test.each(rows.filter(isLeftRunning))("$metrics fails at once ($id)", ({ metrics }) => {
    expect(combinedFinding(metrics.map((phase) => found(verdictOf(phase), phase))).verdict).toBe("Fail");
  });
});

test("figures are formatted for people", () => {
  expect([count(1640), percent(0.0667), percent(1), percent(0.0004), decimal(0.034), decimal(12.04)]).toEqual([
    "1,640",
    "6.7 %",
    "100 %",
    "0.04 %",
    "0.03",
    "12",
  ]);
  expect([countText({ hits: 1, trials: 2000 }, "requests"), countText({ hits: 0, trials: 0 })]).toEqual([
    "1 of 2,000 requests (0.05 %)",
    "0 of 0",
  ]);
});
