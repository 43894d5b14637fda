import { judgedCopies } from "../../runtime/contract/figures.ts";
import type { RevisionWindow } from "./evidence.ts";
import {
  counted,
  decimal,
  type Finding,
  isProven,
  isReassuring,
  limited,
  needed,
  type Proof,
  uncertain,
  type Windows,
} from "./finding.ts";
import { evidenceOfExcess, evidenceOfIncrease, observedRate, type Share } from "./sequential-test.ts";

/**
 * What fails more often than this does not pass, however bad the stable revision is: it waits. With nothing to compare with, what proves
 * to fail more often fails.
 */
const hopeless = 0.5;

/** Whether the candidate's requests fail more often than the stable revision's, by more than `maxIncrease` percentage points. */
export function errorRate({ candidate, stable }: Windows, maxIncrease: number, proof: Proof): Finding {
  const own = failures(candidate);
  const other = failures(stable);
  if (other.trials === 0) return withoutStable(own, maxIncrease, proof);
  const told = `candidate failed ${counted(own, "requests")}, stable ${counted(other)}`;
  const moreBy = (observedRate(own) - observedRate(other)) * 100;
  const message = moreBy <= maxIncrease ? told : `${told}: ${points(moreBy)} more, ${decimal(maxIncrease)} allowed`;
  const isWorse = isProven(evidenceOfIncrease(own, other, maxIncrease / 100), own, proof);
  if (isWorse || isHopeless(own, other, proof)) return { verdict: "Fail", message };
  if (own.trials < proof.minimumRequests) return { verdict: "None", message: `${told}: ${needed(proof)}` };
  if (observedRate(own) > hopeless)
    return { verdict: "None", message: `${message}: neither revision is good enough to continue with` };
  if (isReassuring(own, other, maxIncrease / 100)) return { verdict: "Pass", message };
  return { verdict: "None", message: `${message}, ${uncertain}` };
}

/** Too few requests of the stable revision, such as stragglers after a switch, say nothing, so that nothing would ever be proven by them. */
function isHopeless(own: Share, other: Share, proof: Proof): boolean {
  if (other.trials >= proof.minimumRequests || observedRate(other) > hopeless) return false;
  return isProven(evidenceOfExcess(own, hopeless), own, proof);
}

/** Whether the candidate fails copies of requests that the stable revision answered well. */
export function failedCopies({ candidate: { mirrored } }: Windows, maxIncrease: number, proof: Proof): Finding {
  const share = { hits: mirrored?.failed ?? 0, trials: mirrored === undefined ? 0 : judgedCopies(mirrored) };
  const told = `candidate failed ${counted(share, "copies of requests that stable answered")}`;
  return limited(share, maxIncrease / 100, { proof, told, bound: `${decimal(maxIncrease)} %` });
}

function withoutStable(own: Share, maxIncrease: number, proof: Proof): Finding {
  const told = `candidate failed ${counted(own, "requests")}, stable had none`;
  if (isHopeless(own, { hits: 0, trials: 0 }, proof)) return { verdict: "Fail", message: told };
  if (own.trials < proof.minimumRequests) return { verdict: "None", message: `${told}: ${needed(proof)}` };
  if (isReassuring(own, { hits: 0, trials: 0 }, maxIncrease / 100)) return { verdict: "Pass", message: told };
  return { verdict: "None", message: `${told} to compare them with` };
}

function points(value: number): string {
  const text = decimal(value);
  return text === "1" ? "1 point" : `${text} points`;
}

function failures({ failed, requests }: RevisionWindow): Share {
  return { hits: failed, trials: requests };
}
