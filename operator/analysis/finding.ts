import { evidenceOfExcess, evidenceOfHarmlessness, observedRate, type Share } from "./sequential-test.ts";
import type { RevisionWindow } from "./evidence.ts";

/** What one kind of comparison found. */
export interface Finding {
  readonly verdict: "None" | "Pass" | "Fail";
  /** The figures it rests on, a clause. */
  readonly message: string;
}

/** The two revisions over the same span of time. */
export interface Windows {
  readonly candidate: RevisionWindow;
  readonly stable: RevisionWindow;
}

/** How much must be seen before something counts as proven. */
export interface Proof {
  /** Fewest requests of the candidate that a verdict rests on. */
  readonly minimumRequests: number;
  /** Natural logarithm of the evidence that makes a failure. */
  readonly evidence: number;
}

/** Evidence that takes no more requests than these: less than one mistake in a million. */
export const overwhelming = Math.log(1e6);
/** Failures that are enough although there are fewer requests than the minimum, when the evidence is overwhelming. */
const earlyHits = 10;

/** Whether it is proven. Below the minimum of requests only what nobody would doubt is. */
export function isProven(evidence: number, { hits, trials }: Share, proof: Proof): boolean {
  return trials >= proof.minimumRequests
    ? evidence >= proof.evidence
    : hits >= earlyHits && evidence >= Math.max(proof.evidence, overwhelming);
}

/** A pass makes it unlikely that the rate is above the limit by this: with the limits that are assumed, 5 points more than stable. */
const harm = 0.04;
/** Natural logarithm of how unlikely: 50 requests without a failure are just enough. */
const reassuring = Math.log(12);

/** Whether enough was seen to say that the candidate's rate is within the limit, or at least not far above it. */
export function isReassuring(candidate: Share, stable: Share, increase: number): boolean {
  return (
    observedRate(candidate) <= observedRate(stable) + increase &&
    evidenceOfHarmlessness(candidate, stable, increase + harm) >= reassuring
  );
}

/** What is found of a share that has a fixed limit. `told` is the figures, `bound` what was allowed. */
export function limited(
  share: Share,
  limit: number,
  { proof, told, bound }: { readonly proof: Proof; readonly told: string; readonly bound: string },
): Finding {
  const message = `${told}, ${bound} allowed`;
  if (isProven(evidenceOfExcess(share, limit), share, proof)) return { verdict: "Fail", message };
  if (share.trials < proof.minimumRequests) return { verdict: "None", message: `${told}: ${needed(proof)}` };
  if (isReassuring(share, { hits: 0, trials: 0 }, limit)) return { verdict: "Pass", message };
  return { verdict: "None", message: `${message}, ${uncertain}` };
}

/** What there are too few requests for. */
export function needed({ minimumRequests }: Proof): string {
  return `a verdict needs ${count(minimumRequests)}`;
}

/** Ends the message of what needs more requests than the minimum. */
export const uncertain = "but more requests are needed to be certain";

/** The worst finding decides; its like tell why. */
export function combined(findings: readonly Finding[]): Finding {
  const verdict = (["Fail", "None", "Pass"] as const).find((one) => findings.some((found) => found.verdict === one));
  if (verdict === undefined) return { verdict: "None", message: "nothing is compared" };
  const message = findings
    .filter((found) => found.verdict === verdict)
    .map((found) => found.message)
    .join("; ");
  return { verdict, message };
}

/** As 12 of 180 requests (6.7 %). */
export function counted(share: Share, noun?: string): string {
  const rate = share.trials === 0 ? "" : ` (${percent(observedRate(share))})`;
  return `${count(share.hits)} of ${count(share.trials)}${noun === undefined ? "" : ` ${noun}`}${rate}`;
}

/** As 1,640. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** As 6.7 %. */
export function percent(rate: number): string {
  return `${decimal(rate * 100)} %`;
}

/** With one decimal where it has one, two below 0.1. */
export function decimal(value: number): string {
  return String(Number(value.toFixed(value < 0.1 ? 2 : 1)));
}
