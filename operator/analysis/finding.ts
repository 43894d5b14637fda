import { evidenceOfExcess, evidenceOfNonInferiority, observedRate, type Share } from "./sequential-test.ts";
import type { RevisionWindow } from "./evidence.ts";

/** The result of one comparison. */
export interface Finding {
  readonly verdict: "None" | "Pass" | "Fail";
  /** The underlying figures, a clause. */
  readonly message: string;
}

/** The two revisions over the same time window. */
export interface Windows {
  readonly candidate: RevisionWindow;
  readonly stable: RevisionWindow;
}

/** How much has to be observed before a difference counts as proven. */
export interface Threshold {
  /** Fewest requests of the candidate for a verdict. */
  readonly minimumRequests: number;
  /** Natural logarithm of the evidence that proves a failure. */
  readonly evidence: number;
}

/** Natural logarithm of evidence that needs no minimum of requests: less than one error in a million. */
export const overwhelmingEvidence = Math.log(1e6);
/** Failures that suffice below the minimum of requests if the evidence is overwhelming. */
const earlyHits = 10;

/** Whether the evidence reaches the threshold. Below the minimum of requests, only overwhelming evidence does. */
export function isSignificant(evidence: number, { hits, trials }: Share, threshold: Threshold): boolean {
  return trials >= threshold.minimumRequests
    ? evidence >= threshold.evidence
    : hits >= earlyHits && evidence >= Math.max(threshold.evidence, overwhelmingEvidence);
}

/** Passing requires that a rate above the limit by this margin is unlikely: with the default limits, 5 points above stable. */
const nonInferiorityMargin = 0.04;
/** Natural logarithm of the likelihood ratio for that: 50 requests without a failure are just enough. */
const nonInferiorityEvidence = Math.log(12);

/** Whether the observed rate is within the limit and the true one is unlikely to exceed it by more than the margin. */
export function isNonInferior(candidate: Share, stable: Share, increase: number): boolean {
  return (
    observedRate(candidate) <= observedRate(stable) + increase &&
    evidenceOfNonInferiority(candidate, stable, increase + nonInferiorityMargin) >= nonInferiorityEvidence
  );
}

/** Compares a share with a fixed limit. `summary` has the figures, `limitText` the limit. */
export function limitFinding(
  share: Share,
  limit: number,
  {
    threshold,
    summary,
    limitText,
  }: { readonly threshold: Threshold; readonly summary: string; readonly limitText: string },
): Finding {
  const message = `${summary}, ${limitText} allowed`;
  if (isSignificant(evidenceOfExcess(share, limit), share, threshold)) return { verdict: "Fail", message };
  if (share.trials < threshold.minimumRequests)
    return { verdict: "None", message: `${summary}: ${requestsNeeded(threshold)}` };
  if (isNonInferior(share, { hits: 0, trials: 0 }, limit)) return { verdict: "Pass", message };
  return { verdict: "None", message: `${message}, ${inconclusive}` };
}

/** Ends the message of a finding with too few requests. */
export function requestsNeeded({ minimumRequests }: Threshold): string {
  return `a verdict needs ${count(minimumRequests)}`;
}

/** Ends the message of a finding that needs more than the minimum of requests. */
export const inconclusive = "but more requests are needed to be certain";

/** Combines findings: the worst verdict wins, with the messages of all findings that have it. */
export function combinedFinding(findings: readonly Finding[]): Finding {
  const verdict = (["Fail", "None", "Pass"] as const).find((one) => findings.some((found) => found.verdict === one));
  if (verdict === undefined) return { verdict: "None", message: "nothing is compared" };
  const message = findings
    .filter((found) => found.verdict === verdict)
    .map((found) => found.message)
    .join("; ");
  return { verdict, message };
}

/** Such as `12 of 180 requests (6.7 %)`. */
export function countText(share: Share, noun?: string): string {
  const rate = share.trials === 0 ? "" : ` (${percent(observedRate(share))})`;
  return `${count(share.hits)} of ${count(share.trials)}${noun === undefined ? "" : ` ${noun}`}${rate}`;
}

/** Such as `1,640`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Such as `6.7 %`. */
export function percent(rate: number): string {
  return `${decimal(rate * 100)} %`;
}

/** Rounded to one decimal, or two below 0.1; without trailing zeros. */
export function decimal(value: number): string {
  return String(Number(value.toFixed(value < 0.1 ? 2 : 1)));
}
