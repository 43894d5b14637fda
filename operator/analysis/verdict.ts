import type { AnalysisSpec } from "../../crds/v1alpha1/rollout/analysis.ts";
import { errorRate, failedCopies } from "./error-rate.ts";
import type { RevisionWindow } from "./evidence.ts";
import { combined, type Finding, overwhelming, type Proof, type Windows } from "./finding.ts";
import { latency } from "./latency.ts";
import { type DivergenceStatus, divergenceStatus, predictionDiff } from "./prediction-diff.ts";

/** What is to be judged. */
export interface Question extends Windows {
  /** What is absent is judged by what the API documents as assumed; latency and predictions not at all. */
  readonly analysis: AnalysisSpec;
  /** Fewest requests of the candidate that a verdict rests on. */
  readonly minimumRequests: number;
  /** The last half minute or so: a candidate that worked for long and then breaks is caught as quickly as a new one. */
  readonly recent?: Windows | undefined;
}

/** The judgement of a candidate, as `status.rollout.analysis` has it. */
export interface Verdict {
  /** None: too few requests, or too few to be certain; neither a failure nor a way on. */
  readonly verdict: "None" | "Pass" | "Fail";
  readonly message: string;
  readonly requests: number;
  readonly stableRequests: number;
  readonly divergence?: DivergenceStatus | undefined;
}

/** A revision without requests. */
export const noRequests: RevisionWindow = { requests: 0, failed: 0, latency: [] };

/** What is assumed where the spec says nothing; the API's descriptions say the same. */
export const assumedAnalysis = {
  intervalMs: 10_000,
  minimumRequests: 50,
  maxErrorIncrease: 1,
  quantile: 0.95,
  maxLatencyIncrease: 50,
  maxDivergence: 1,
  goldenTolerance: 0.001,
} as const;

/**
 * How seldom a candidate as good as the stable revision may be failed by one kind of comparison, however often it is judged: together
 * at most 1 % of the spans of time that are judged.
 */
const errorsProof = Math.log(1 / 0.004);
const otherProof = Math.log(1 / 0.002);

/**
 * Compares the candidate with the stable revision over the same time. It fails only what is proven (by a test that allows to look at any
 * time), passes when there are enough requests and what is seen is within the limits, and says nothing in between. See
 * operator/decisions/0015.
 */
export function verdict(question: Question): Verdict {
  const { candidate, stable, recent, minimumRequests } = question;
  const found = findings(question, question, { minimumRequests, errors: errorsProof, other: otherProof });
  const { verdict, message } = combined([...found, ...(recent === undefined ? [] : recentFailures(question, recent))]);
  const divergence = divergenceStatus(candidate.mirrored);
  return {
    verdict,
    message,
    requests: candidate.requests,
    stableRequests: stable.requests,
    ...(divergence === undefined ? {} : { divergence }),
  };
}

interface Proofs {
  readonly minimumRequests: number;
  readonly errors: number;
  readonly other: number;
}

function findings({ analysis }: Question, windows: Windows, proofs: Proofs): readonly Finding[] {
  const proof = (evidence: number): Proof => ({ minimumRequests: proofs.minimumRequests, evidence });
  const { shadow } = analysis.predictionDiff ?? {};
  const maxIncrease = analysis.errorRate?.maxIncrease ?? assumedAnalysis.maxErrorIncrease;
  const found: Finding[] = [];
  // A candidate with weight 0 is judged by the copies that it gets.
  const isUnseen = windows.candidate.requests === 0 && shadow !== undefined;
  if (!isUnseen) found.push(errorRate(windows, maxIncrease, proof(proofs.errors)));
  if (analysis.latency !== undefined && !isUnseen) {
    const { quantile = assumedAnalysis.quantile, maxIncrease = assumedAnalysis.maxLatencyIncrease } = analysis.latency;
    found.push(latency(windows, { quantile, maxIncrease }, proof(proofs.other)));
  }
  if (shadow !== undefined) {
    const { maxDivergence = assumedAnalysis.maxDivergence } = shadow;
    found.push(failedCopies(windows, maxIncrease, proof(proofs.other)));
    found.push(predictionDiff(windows, maxDivergence, proof(proofs.other)));
  }
  return found;
}

/** There are many spans of recent time in a long rollout: of each no more is believed than what is overwhelming. */
function recentFailures(question: Question, recent: Windows): readonly Finding[] {
  const proofs = { minimumRequests: question.minimumRequests, errors: overwhelming, other: overwhelming };
  return findings(question, recent, proofs)
    .filter(({ verdict }) => verdict === "Fail")
    .map(({ verdict, message }) => ({ verdict, message: `lately ${message}` }));
}
