import { emptyCoverage } from "../oracle/coverage.ts";
import { run } from "../run.ts";
import { createStage } from "../world/stage.ts";
import { rolloutWalk } from "./rollout-walk.ts";
import { plainWalk, plainWalks, type Walk, wholePhases } from "./walk.ts";

/**
 * `node test/simulation/schedule/walk-choice.ts` prints the numbers of `telling-walks.ts` anew, which is needed when what users
 * do is drawn in another way. Takes as long as a thousand schedules.
 */

/** Requests of a schedule that do not hang on its walk: those of its starts. */
const startRequests = 40;
/** What one walk shows already is worth so much less in the next. */
const again = 0.4;

/** A walk that may be chosen. */
interface Candidate {
  readonly number: number;
  /** Ways from one situation to another that it shows without faults. */
  readonly transitions: ReadonlySet<string>;
  /** Requests that a schedule of it plays, about. */
  readonly cost: number;
}

/** In how many of the chosen walks each way is shown. */
const shown = new Map<string, number>();
const stage = await createStage();
const rollouts = await chosen(rolloutWalk, { first: plainWalks, kinds: 4, candidates: 400 });
const plain = await chosen(plainWalk, { first: 0, kinds: 16, candidates: 200 });
process.stdout.write(`${[...plain, ...rollouts].join(", ")}\n${shown.size} ways from one situation to another\n`);

interface Slots {
  /** Number of the first walk. */
  readonly first: number;
  /** Numbers with one remainder stand for walks of one kind: as many of each are chosen as there are of those in order. */
  readonly kinds: number;
  /** Numbers that are looked at. */
  readonly candidates: number;
}

/** The walks that show most for what they cost, each in the place of one of its kind. */
async function chosen(walk: (number: number) => Walk, { first, kinds, candidates }: Slots): Promise<readonly number[]> {
  const left: Candidate[] = [];
  for (let index = 0; index < candidates; index += 1) left.push(await candidate(first + index, walk));
  const numbers = new Map<number, number>();
  const places = Array.from({ length: plainWalks }, (_, index) => first + index);
  const placeOf = ({ number }: Candidate): number | undefined =>
    places.find((place) => !numbers.has(place) && place % kinds === number % kinds);
  while (numbers.size < places.length) {
    const [best] = left.filter((one) => placeOf(one) !== undefined).sort((one, other) => worth(other) - worth(one));
    if (best === undefined) break;
    numbers.set(placeOf(best) ?? first, best.number);
    left.splice(left.indexOf(best), 1);
    for (const one of best.transitions) shown.set(one, (shown.get(one) ?? 0) + 1);
  }
  return places.map((place) => numbers.get(place) ?? place);
}

function worth({ transitions, cost }: Candidate): number {
  return [...transitions].reduce((sum, one) => sum + again ** (shown.get(one) ?? 0), 0) / cost ** 2;
}

async function candidate(number: number, walkOf: (number: number) => Walk): Promise<Candidate> {
  const walk = walkOf(number);
  const coverage = emptyCoverage();
  const { phases } = await run(stage, { seed: 1, operators: 1, phases: wholePhases(walk), faults: [] }, { coverage });
  const requests = phases.reduce((sum, phase) => sum + phase.requests, 0);
  // Of a walk with rests one phase is played, or one time in 32 all of it; of one in a hurry a change and the end.
  const share = walk.isCalm ? 1 / phases.length + 1 / 32 : 0.6;
  const cost = startRequests + requests * share;
  return { number, transitions: coverage.transitions, cost };
}
