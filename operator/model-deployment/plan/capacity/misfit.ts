import { quantityNumber } from "../../../../crds/schema/grammar/quantity.ts";
import { isEqual } from "../equality.ts";
import type { Placement, Requirement } from "./placement.ts";

/**
 * Why a candidate pod could not have what a stable pod leaves, as the end of a sentence; undefined when it could. The
 * stable pod's node is not looked at: it meets what the stable pod asks for, so what the candidate asks for must follow
 * from that. `lacking` names the resources that are too few; of the others there is enough beside.
 */
export function misfit(stable: Placement, candidate: Placement, lacking: readonly string[]): string | undefined {
  return (
    amountMisfit(stable, candidate, lacking) ?? nodeMisfit(stable, candidate) ?? neighbourMisfit(stable, candidate)
  );
}

/** Every pod that ends leaves one of these, whatever it asked for. */
const leftByEveryPod = new Set(["pods", "claims"]);

function amountMisfit(stable: Placement, candidate: Placement, lacking: readonly string[]): string | undefined {
  const useless = lacking.find((resource) => !leftByEveryPod.has(resource) && amount(stable, resource) === 0);
  if (useless !== undefined) return `a stable pod has no ${useless} that it could leave`;
  const short = lacking.find((resource) => amount(candidate, resource) > amount(stable, resource));
  if (short === undefined) return undefined;
  const [asked, left] = [candidate.requests[short] ?? "0", stable.requests[short] ?? "0"];
  return `a stable pod would leave ${left} ${short} where a pod of the candidate needs ${asked}`;
}

function amount({ requests }: Placement, resource: string): number {
  return quantityNumber(requests[resource] ?? "0") ?? 0;
}

function nodeMisfit(stable: Placement, candidate: Placement): string | undefined {
  const strange = stable.nodes.find((known) => !candidate.nodes.some((wanted) => follows(wanted, known)));
  if (strange !== undefined) return "the candidate asks for other nodes than those of the stable pods";
  const taint = stable.tolerations.find((known) => !candidate.tolerations.some((wanted) => isEqual(wanted, known)));
  return taint === undefined ? undefined : "the candidate does not tolerate every taint that the stable pods tolerate";
}

function neighbourMisfit(stable: Placement, candidate: Placement): string | undefined {
  if (candidate.neighbours === undefined || isEqual(candidate.neighbours, stable.neighbours)) return undefined;
  return "the candidate asks for other pods beside it than the stable pods do";
}

function follows(wanted: readonly Requirement[], known: readonly Requirement[]): boolean {
  return wanted.every((each) => known.some((fact) => implies(fact, each)));
}

function implies(fact: Requirement, wanted: Requirement): boolean {
  if (isEqual(fact, wanted)) return true;
  const [values, allowed] = [fact.values ?? [], wanted.values ?? []];
  if (fact.key !== wanted.key || fact.operator !== wanted.operator) return false;
  if (fact.operator === "In") return values.every((value) => allowed.includes(value));
  if (fact.operator === "NotIn") return allowed.every((value) => values.includes(value));
  return fact.operator === "Gt" && Number(values[0]) >= Number(allowed[0]);
}
