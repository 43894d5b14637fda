import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { Defect } from "./defects.ts";

/** The number of schedules after which the defect was found, and the violation; undefined when it was not found. */
export type Found = { readonly schedules: number; readonly violation: string } | undefined;

const defect = workerData as Defect; // its starter passes one
let isMade = false;
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/${defect.file}`)) return loaded;
    const source = readFileSync(fileURLToPath(url), "utf8");
    if (!source.includes(defect.text)) throw new Error(`${defect.file} has no ${JSON.stringify(defect.text)}`);
    isMade = true;
    return { ...loaded, source: source.replace(defect.text, () => defect.instead) };
  },
});
const { modes } = await import("../modes.ts");
const { createSimulator } = await import("../simulator.ts");

parentPort?.postMessage(await search(), []);

async function search(): Promise<Found> {
  if (!isMade) throw new Error(`${defect.file} was not loaded`);
  const simulator = await createSimulator();
  for (let seed = 1; seed <= defect.within; seed += 1) {
    const { schedule, reference } = await modes.schedules.testCase(simulator, seed);
    const { violations } = await simulator.run(schedule, { reference });
    if (violations.length > 0) return { schedules: seed, violation: violations.join("\n") };
  }
  return undefined;
}
