import { bandOf, replicasOfBand } from "./band.ts";
import { type Gaps, withGap } from "./gaps.ts";
import { idleLevels, keptLevel, type Staircase, withNeed } from "./staircase.ts";
import { tenureSeconds, tenures } from "./tenures.ts";
import { reference, triggers } from "./triggers.ts";
import { ways } from "./ways.ts";

/** When each level of replicas was needed last, and how long it is worth keeping. Levels are bands. */
export interface Levels {
  /** By trigger. */
  readonly needed: Staircase[];
  /** By band less one: how long it was idle before it was needed again. */
  readonly gaps: Gaps[];
  /** By tenure and band less one: seconds that an idle level is kept for. */
  readonly keep: readonly number[][];
}

/** Shorter pauses are no gap. */
const pauseSeconds = 3;

/** Nothing was ever needed. */
export function newLevels(): Levels {
  return { needed: triggers.map(() => []), gaps: [], keep: keepOfGaps([]) };
}

/** Notes a moment in which `needs` (replicas, by trigger) were needed. */
export function noteNeeds(levels: Levels, needs: ArrayLike<number>, now: number): void {
  const { needed } = levels;
  noteGaps(levels, bandOf(needs[reference] ?? 0), now);
  for (let trigger = 0; trigger < triggers.length; trigger += 1) {
    needed[trigger] = withNeed(needed[trigger] ?? [], bandOf(needs[trigger] ?? 0), now);
  }
}

/** Fills `kept` with the replicas that each way keeps at `now`. */
export function keepReplicas(
  { needed, keep }: Levels,
  { now, holdSeconds }: { readonly now: number; readonly holdSeconds: number },
  kept: Float64Array,
): void {
  for (let way = 0; way < ways.length; way += 1) {
    const { trigger = 0, tenure = 0 } = ways[way] ?? {};
    const unknown = tenures[tenure]?.unknownSeconds ?? 0;
    const keeping = { seconds: keep[tenure] ?? nothing, unknown, least: holdSeconds };
    kept[way] = replicasOfBand(keptLevel(needed[trigger] ?? nothing, now, keeping));
  }
}

/** The seconds to keep each level for, worked out from the gaps. */
export function keepOfGaps(gaps: readonly Gaps[]): number[][] {
  return tenures.map((tenure) => gaps.map((known) => tenureSeconds(tenure, known)));
}

/** Notes the gaps of the levels that are needed again. */
function noteGaps(levels: Levels, level: number, now: number): void {
  const { gaps, keep } = levels;
  idleLevels(levels.needed[reference] ?? [], { level, now, pause: pauseSeconds }, (one, idle) => {
    while (gaps.length < one) {
      gaps.push([]);
      tenures.forEach(({ unknownSeconds }, index) => keep[index]?.push(unknownSeconds));
    }
    const known = withGap(gaps[one - 1] ?? [], idle);
    gaps[one - 1] = known;
    for (let index = 0; index < tenures.length; index += 1) {
      const [tenure, kept] = [tenures[index], keep[index]];
      if (tenure !== undefined && kept !== undefined) kept[one - 1] = tenureSeconds(tenure, known);
    }
  });
}

const nothing: readonly number[] = [];
