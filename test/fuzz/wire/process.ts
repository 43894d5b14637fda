/** Sends mutated bytes of HTTP/1.1 from one seed on: `node process.ts FIRST_SEED COUNT`; prints seeds now and then, and the tally as JSON. */
import { writeSync } from "node:fs";
import { vectorTarget } from "../requests/target.ts";
import { emptyTally } from "../tally.ts";
import { fuzzWire, openWire } from "./wire.ts";

const [first = 1, count = 1] = process.argv.slice(2).map(Number);
const tally = emptyTally();
const wire = await openWire(await vectorTarget());
for (let seed = first; seed < first + count; seed += wire.atOnce) {
  writeSync(1, `${seed}\n`);
  await fuzzWire(wire, { first: seed, count: Math.min(wire.atOnce, first + count - seed) }, tally);
}
writeSync(1, `${JSON.stringify({ ...tally, outcomes: [...tally.outcomes] })}\n`);
process.exit(0);
