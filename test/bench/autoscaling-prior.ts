/**
 * Which ways of scaling suit how much traffic: fits the shares in operator/autoscale/levels/ways.ts. Drawn traffic (mixtures, whose nature
 * comes from the seed) and the generators of the simulator, starts and slowdowns drawn as well; the policy runs once on each, and what its
 * shadows cost at the end is what each way would have cost. Prints the shares as the table has them. Takes minutes.
 *
 *     npx node test/bench/autoscaling-prior.ts [--mixtures 40] [--seeds 301,304,305,306] [--kappas 2,20,100]
 */
import { parseArgs } from "node:util";
import { fittedKappas, ways } from "../../operator/autoscale/levels/ways.ts";
import { generatedTrace } from "../../operator/autoscale/simulator/generators.ts";
import { seededRandom } from "../../operator/autoscale/simulator/random.ts";
import { usualSetting } from "../../operator/autoscale/simulator/simulation.ts";
import type { Trace } from "../../operator/autoscale/simulator/trace.ts";
import { wayName } from "./autoscaling/bounds.ts";
import { likeliestShares } from "./autoscaling/likeliest-shares.ts";
import { mixture } from "./autoscaling/mixtures.ts";
import { wayCosts } from "./autoscaling/way-costs.ts";

const { values } = parseArgs({
  options: {
    mixtures: { type: "string", default: "40" },
    seeds: { type: "string", default: "301,304,305,306" },
    kappas: { type: "string", default: fittedKappas.join(",") },
  },
});
const names = ["clients", "busy", "switching", "rareBursts", "crowds", "wave", "batches"] as const;
const kappas = values.kappas.split(",").map(Number);
const costs = kappas.map((): Float64Array[] => []);
for (const trace of traces()) {
  for (const conditions of drawnConditions(trace)) {
    kappas.forEach((kappa, index) => costs[index]?.push(wayCosts(trace, { ...usualSetting, ...conditions }, kappa)));
  }
}
const shares = costs.map(likeliestShares);
for (let way = 0; way < ways.length; way += 1) {
  console.log(`[${shares.map((list) => Math.round(100 * (list[way] ?? 0))).join(", ")}]  ${wayName(way)}`);
}

function* traces(): Generator<Trace> {
  for (let seed = 1; seed <= Number(values.mixtures); seed += 1) yield mixture(seed);
  for (const seed of values.seeds.split(",")) for (const name of names) yield generatedTrace(name, Number(seed));
}

/** Two of each trace: starts of 15 to 400 s, and half of the services slow down. */
function drawnConditions({ arrivalsMs }: Trace) {
  const random = seededRandom(arrivalsMs.length);
  return [0, 1].map(() => ({
    coldStartSeconds: Math.round(15 * 27 ** random.uniform()),
    slowdown: random.uniform() < 0.5 ? 0 : 0.1 * random.uniform(),
  }));
}
