/**
 * First requests of models at zero through all of local mode: held at the gateway while their pods really start, as processes.
 *
 *     npx node test/bench/cold-starts.ts [starts] [requests of each] [models at a time]
 */
import { resources } from "../../operator/kube/resources.ts";
import { atRest, type ColdStart, coldStarts, makeModels } from "../integration/autoscaling/cold-start.ts";
import { started } from "../integration/local/started.ts";
import { printFigures, quantile } from "./figures.ts";

const [starts = 40, requests = 5, together = 20] = process.argv.slice(2).map(Number);

const local = await started();
const all: ColdStart[] = [];
try {
  await local.line(/^Ctrl-C stops everything/);
  while (all.length < starts) {
    const names = Array.from({ length: Math.min(together, starts - all.length) }, (_, at) => `cold-${all.length + at}`);
    await makeModels(local, names);
    await Promise.all(names.map((name) => atRest(local, name)));
    all.push(...(await coldStarts(local, names, requests)));
    for (const name of names) await local.client.remove(resources.modelDeployments, { namespace: "default", name });
  }
} finally {
  await local.stop();
}
const lost = all.flatMap((one) => one.lost);
for (const one of lost) console.log(one);
const times = all.map(({ ms }) => ms / 1000);
printFigures([
  {
    figure: `held requests that are lost in ${all.length} starts from zero of ${requests} requests each, through all of local mode`,
    goal: "0",
    measured: `${lost.length} of ${all.length * requests}; answered after ${quantile(times, 0.5).toFixed(1)} s, at most ${Math.max(...times).toFixed(1)} s`,
    isMet: lost.length === 0,
  },
]);
