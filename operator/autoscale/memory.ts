import type { AutoscalerState } from "./decision.ts";
import { gapsOf, gapsText } from "./levels/gaps.ts";
import { keepOfGaps } from "./levels/levels.ts";
import { thinned } from "./levels/staircase.ts";
import { ways } from "./levels/ways.ts";
import { isWholeMemory } from "./memory-shape.ts";
import { joined } from "./shadows/shadow-fleet.ts";

/** Changes with what a state holds: a memory of another form is forgotten and learned anew. */
const form = `6.${ways.length} `;
const digits = 4;
/** So many steps of each staircase and orders of each shadow are written: the text stays short however many replicas there are. */
const mostSteps = 12;
const mostOrders = 4;

/** What is written of a state; what follows from the rest is left out. */
interface Written extends Omit<AutoscalerState, "levels" | "shadows"> {
  readonly levels: { readonly needed: AutoscalerState["levels"]["needed"]; readonly gaps: readonly string[] };
  readonly shadows: Omit<AutoscalerState["shadows"], "says">;
}

/**
 * A state as text, for where it outlives the operator; a few kilobytes, eight at most. Seconds are counted from the last decision
 * and figures have four digits: what follows from less is lost in the noise of requests.
 */
export function memoryOf(state: AutoscalerState): string {
  const { at, levels } = state;
  const { says: _, ...shadows } = state.shadows;
  const written: Written = {
    ...state,
    levels: { needed: levels.needed.map((stairs) => thinned(stairs, mostSteps)), gaps: levels.gaps.map(gapsText) },
    shadows: { ...shadows, starting: shadows.starting.map((orders) => joined(orders, mostOrders)) },
  };
  return `${form}${at} ${JSON.stringify(shifted(written, -at), (_key, value: unknown) => shortened(value))}`;
}

/** The state that `memoryOf` wrote; undefined for any other text. */
export function recalledState(memory: string | undefined): AutoscalerState | undefined {
  if (memory?.startsWith(form) !== true) return undefined;
  const [at = "", text = ""] = memory.slice(form.length).split(" ");
  if (!Number.isFinite(Number(at))) return undefined;
  try {
    const read: unknown = JSON.parse(text);
    return isWholeMemory(read) ? restored(read as Written, Number(at)) : undefined; // written above, in this form
  } catch {
    // Cut off or edited: nothing is known then, and the autoscaler begins anew.
    return undefined;
  }
}

function restored(relative: Written, at: number): AutoscalerState {
  const { levels, shadows, ...rest } = shifted(relative, at);
  const gaps = levels.gaps.map(gapsOf);
  return {
    ...rest,
    levels: { needed: levels.needed, gaps, keep: keepOfGaps(gaps) },
    shadows: { ...shadows, says: [] },
  };
}

/** With all its moments moved by so many seconds. */
function shifted(written: Written, by: number): Written {
  const { demand, levels, shadows } = written;
  /** Of an alternation of seconds and something else. */
  const moved = (pairs: readonly number[]): number[] =>
    pairs.map((value, index) => (index % 2 === 0 ? value + by : value));
  return {
    ...written,
    at: written.at + by,
    settledAt: written.settledAt + by,
    demand: { ...demand, at: demand.at + by, busyAt: demand.busyAt + by },
    levels: { ...levels, needed: levels.needed.map(moved) },
    shadows: { ...shadows, until: shadows.until + by, starting: shadows.starting.map(moved) },
  };
}

function shortened(value: unknown): unknown {
  if (typeof value !== "number" || Number.isInteger(value)) return value;
  return Math.abs(value) >= 10 ** digits ? Math.round(value) : Number(value.toPrecision(digits));
}
