/**
 * Reads mutated models from one seed on: `node process.ts FIRST_SEED COUNT WORK_FOLDER`. Prints the number of each seed before it
 * is its turn, so that whoever started it knows which one it died of, and the tally as JSON at the end.
 */
import { writeSync } from "node:fs";
import { emptyTally } from "../tally.ts";
import { fuzzModel, modelSeeds, peakMemoryMb } from "./models.ts";

const [firstText = "1", countText = "1", work = ""] = process.argv.slice(2);
const first = Number(firstText);
const tally = emptyTally();
const seeds = modelSeeds();
for (let seed = first; seed < first + Number(countText); seed++) {
  writeSync(1, `${seed}\n`);
  await fuzzModel(seed, seeds, work, tally);
}
writeSync(1, `${JSON.stringify({ ...tally, outcomes: [...tally.outcomes], peakMemoryMb: peakMemoryMb() })}\n`);
process.exit(0);
