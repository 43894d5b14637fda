import type { MirrorFigures } from "../../runtime/contract/figures.ts";
import type { RolloutStatus } from "../../crds/v1alpha1/rollout/rollout-status.ts";
import { counted, decimal, type Finding, limited, type Proof, type Windows } from "./finding.ts";

/** How far the candidate's predictions are from the stable revision's, as status tells it. */
export type DivergenceStatus = NonNullable<NonNullable<RolloutStatus["analysis"]>["divergence"]>;

/** Whether more of the compared answers differ than `maxDivergence` percent. */
export function predictionDiff({ candidate: { mirrored } }: Windows, maxDivergence: number, proof: Proof): Finding {
  const share = { hits: mirrored?.differing ?? 0, trials: mirrored?.compared ?? 0 };
  const told = `${counted(share, "compared answers")} differ`;
  return limited(share, maxDivergence / 100, { proof, told, bound: `${decimal(maxDivergence)} %` });
}

/** Undefined when nothing was compared. */
export function divergenceStatus(mirrored: MirrorFigures | undefined): DivergenceStatus | undefined {
  if (mirrored === undefined || mirrored.compared === 0) return undefined;
  const { compared, differing, maxAbsolute, sumAbsolute, numbers, ranked, agreeing } = mirrored;
  return {
    compared,
    differing,
    ...(numbers === 0 ? {} : { maxAbsolute: short(maxAbsolute), meanAbsolute: short(sumAbsolute / numbers) }),
    ...(ranked === 0 ? {} : { topOneAgreement: short((agreeing / ranked) * 100) }),
  };
}

/** Three digits say enough, and change seldom. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
