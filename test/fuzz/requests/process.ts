/** Sends mutated requests from one seed on: `node process.ts FIRST_SEED COUNT`; prints the tally as JSON. */
import { emptyTally } from "../tally.ts";
import { fuzzRequests } from "./requests.ts";
import { vectorTarget } from "./target.ts";

const [first = 1, count = 1] = process.argv.slice(2).map(Number);
const tally = emptyTally();
await fuzzRequests(
  await vectorTarget(),
  Array.from({ length: count }, (_, i) => first + i),
  tally,
);
process.stdout.write(`${JSON.stringify({ ...tally, outcomes: [...tally.outcomes] })}\n`);
