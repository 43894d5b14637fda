/**
 * The operator as a process in a pod's circumstances (service account, TLS, lease) on an API server that costs next to
 * nothing, which is another process and plays the rest of the cluster: ReplicaSets have their pods, ready, at once. What it
 * writes, how soon, and what it needs, with 1,000 objects and, when that is more, with OBJECTS. Bare loops that make the
 * same writes run in processes of their own, one after the other. The same seed changes the same objects.
 *
 *     node test/bench/reconcile.ts [objects] [changes] [seed]
 */
import { loadavg } from "node:os";
import { type Figure, printFigures } from "./figures.ts";
import { amongResyncs, changing, scaling } from "./reconcile/changes.ts";
import { creation } from "./reconcile/creation.ts";
import { leadership } from "./reconcile/leadership.ts";
import { type Scene, seededRandom, startScene } from "./reconcile/scene.ts";
import { memory, restart, resync } from "./reconcile/standstill.ts";

const objects = Number(process.argv[2] ?? 10_000);
const changes = Number(process.argv[3] ?? 200);
const seed = Number(process.argv[4] ?? 1);
const sizes = objects > 1_000 ? [1_000, objects] : [objects];

/** Prints figures as they come, each with the load of the machine at its time: other work shares it. */
async function figures(stage: Promise<readonly Figure[]>): Promise<void> {
  const load = loadavg()[0]?.toFixed(1);
  printFigures((await stage).map((figure) => ({ ...figure, measured: `${figure.measured}; load ${load} before` })));
}

async function all(scene: Scene, earlierP99Ms: number | undefined): Promise<number> {
  const { api } = scene;
  const first = await scene.startOperator();
  await first.untilReady();
  await figures(creation(scene, first));
  await api.play();
  await scene.untilSettled();
  await figures(memory(scene, first, "after their creation"));
  await figures(resync(scene, first));
  await figures(scaling(scene));
  const changed = await changing(scene, changes, earlierP99Ms);
  await figures(Promise.resolve(changed.figures));
  await figures(amongResyncs(scene, first, changes));
  await scene.untilSettled();
  await scene.stopOperator(first);
  const again = await restart(scene);
  await figures(Promise.resolve(again.figures));
  await figures(memory(scene, again.operator, "after a restart"));
  if (scene.size === objects) await figures(leadership(scene, again.operator));
  return changed.p99Ms;
}

console.log(`${sizes.join(" and ")} objects, ${changes} changes, seed ${seed}`);
let earlierP99Ms: number | undefined;
for (const size of sizes) {
  const scene = await startScene(size, seededRandom(seed));
  try {
    earlierP99Ms = await all(scene, earlierP99Ms);
  } finally {
    await scene.stop();
  }
}
process.exit();
