import { type Allowance, allowance } from "./allowance.ts";
import { rung } from "./ladder.ts";
import type { CapacityMode, Counts, CountsQuestion } from "./question.ts";
import { recreated } from "./recreation.ts";
import { type Counted, returned, rolled } from "./rolling.ts";

export type { CapacityMode, Counts, CountsQuestion, PodCounts } from "./question.ts";

/** What status has room for: sentences of schedulers and quotas have no end of their own. */
const maxWhy = 1024;

/** How many pods each revision is to have. */
export function counts(question: CountsQuestion): Counts {
  const { wanted } = question;
  const chosen = rung(question);
  const limits = allowance(wanted, question.maxSurge, question.maxUnavailable);
  const { mode, why } = bounded(chosen.mode, question, limits) ?? chosen;
  const because = mode === "Surge" && limits.why !== undefined ? `${why}; ${limits.why}` : why;
  const { recheckAfterMs } = chosen;
  return {
    ...(wanted === 0 ? { stable: 0, candidate: 0, carries: 0 } : counted(mode, question, limits)),
    mode,
    why: because.slice(0, maxWhy),
    ...(recheckAfterMs === undefined ? {} : { recheckAfterMs }),
  };
}

function counted(mode: CapacityMode, question: CountsQuestion, limits: Allowance): Counted {
  const room =
    mode === "Surge" ? allowed(question, limits) : { surge: 0, unavailable: Math.max(1, limits.unavailable) };
  if (question.isReturning === true) return returned(question, room);
  return mode === "Recreate" || mode === "InPlace" ? recreated(question) : rolled(question, room);
}

/** A blue-green rollout is all of the candidate beside all of the stable revision. */
function allowed({ strategy, wanted }: CountsQuestion, limits: Allowance): Allowance {
  return strategy === "BlueGreen" ? { surge: wanted, unavailable: 0 } : limits;
}

/** The only pod cannot stay when nothing may come beside it. */
function bounded(
  mode: CapacityMode,
  { wanted, strategy, maxSurge }: CountsQuestion,
  { surge }: Allowance,
): { readonly mode: CapacityMode; readonly why: string } | undefined {
  if (mode !== "Surge" || wanted !== 1 || surge > 0 || strategy === "BlueGreen") return undefined;
  return {
    mode: "Recreate",
    why: `maxSurge is ${maxSurge} and there is one pod: it ends before the candidate's starts, requests wait at the gateway`,
  };
}
