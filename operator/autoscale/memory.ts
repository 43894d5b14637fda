import type { AutoscalerState } from "./autoscaler.ts";
import { keepOfGaps } from "./levels/levels.ts";
import { ways } from "./levels/ways.ts";

/** Changes with what a state holds: a memory of another form is forgotten and learned anew. */
const form = `4.${ways.length} `;
const digits = 4;

/**
 * A state as text, for where it outlives the operator; a few kilobytes. Seconds are counted from the last decision and
 * figures have four digits: what follows from less is lost in the noise of requests.
 */
export function memoryOf(state: AutoscalerState): string {
  const { at } = state;
  const { levels, shadows } = state;
  // What follows from the rest is left out.
  const rest = { ...state, levels: { ...levels, keep: [] }, shadows: { ...shadows, says: [] } };
  const relative = shifted(rest, -at);
  return `${form}${at} ${JSON.stringify(relative, (_, value: unknown) => shortened(value))}`;
}

/** The state that `memoryOf` wrote; undefined for any other text. */
export function recalledState(memory: string | undefined): AutoscalerState | undefined {
  if (memory?.startsWith(form) !== true) return undefined;
  const [at = "", text = ""] = memory.slice(form.length).split(" ");
  const relative = parsed(text);
  if (relative === undefined || !Number.isFinite(Number(at))) return undefined;
  const { levels, shadows } = relative;
  const whole = { levels: { ...levels, keep: keepOfGaps(levels.gaps) }, shadows: { ...shadows, says: [] } };
  return shifted({ ...relative, ...whole }, Number(at));
}

/** The state with all its moments moved by so many seconds. */
function shifted(state: AutoscalerState, by: number): AutoscalerState {
  const { demand, levels, shadows } = state;
  /** Of an alternation of seconds and something else. */
  const moved = (pairs: readonly number[]): number[] =>
    pairs.map((value, index) => (index % 2 === 0 ? value + by : value));
  return {
    ...state,
    at: state.at + by,
    settledAt: state.settledAt + by,
    demand: { ...demand, at: demand.at + by, busyAt: demand.busyAt + by },
    levels: { ...levels, needed: levels.needed.map(moved) },
    shadows: { ...shadows, starting: shadows.starting.map(moved) },
  };
}

function shortened(value: unknown): unknown {
  if (typeof value !== "number" || Number.isInteger(value)) return value;
  return Math.abs(value) >= 10 ** digits ? Math.round(value) : Number(value.toPrecision(digits));
}

function parsed(text: string): AutoscalerState | undefined {
  try {
    return JSON.parse(text) as AutoscalerState; // written above, in this form
  } catch {
    // Cut off or edited: nothing is known then, and the autoscaler begins anew.
    return undefined;
  }
}
