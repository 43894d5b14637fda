import type { MirrorFigures } from "../../runtime/contract/figures.ts";
import type { RolloutStatus } from "../../crds/v1alpha1/rollout/rollout-status.ts";
import { countText, decimal, type Finding, limitFinding, type Threshold, type Windows } from "./finding.ts";

/** Divergence of the candidate's predictions from the stable revision's, as in status. */
export type DivergenceStatus = NonNullable<NonNullable<RolloutStatus["analysis"]>["divergence"]>;

/** Whether more than `maxDivergence` percent of the compared responses differ. */
export function predictionDiff(
  { candidate: { mirrored } }: Windows,
  maxDivergence: number,
  threshold: Threshold,
): Finding {
  const share = { hits: mirrored?.differing ?? 0, trials: mirrored?.compared ?? 0 };
  const summary = `${countText(share, "compared answers")} differ`;
  return limitFinding(share, maxDivergence / 100, { threshold, summary, limitText: `${decimal(maxDivergence)} %` });
}

/** The divergence for status; undefined when nothing was compared. */
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

/** Three significant digits: enough to read, and stable enough to keep status writes rare. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
