import { setTimeout as sleep } from "node:timers/promises";
import { type Figure } from "../figures.ts";
import { cpuMs, memoryMb } from "../process-figures.ts";
import { operatorAgent } from "./creation.ts";
import { type OperatorProcess, until } from "./operator-process.ts";
import { type Scene, untilReconciled } from "./scene.ts";

const goals = { firstMs: 1_600, residentMb: 150, peakFactor: 1.4 };
/** Long enough for two checks of `collectGarbageWhenIdle`, which are 10 s apart, so that an idle operator is measured. */
const idleMs = 25_000;

/** Reconciles all objects by a change of a gateway's pod, without any change of their own. */
export async function resync({ api, size }: Scene, operator: OperatorProcess): Promise<readonly Figure[]> {
  await api.resetCounts();
  const before = await operator.reconciles();
  const begunCpuMs = cpuMs(operator.pid);
  await api.touchGateway();
  const tookMs = await untilReconciled(operator, before, size);
  await api.untilQuiet(500);
  const { counts } = await api.requestCounts(operatorAgent);
  const writes = writesOf(counts);
  if (writes > 0) console.log(`resync: ${JSON.stringify(counts)}`);
  const reconciled = (await operator.reconciles()) - before;
  const spentMs = cpuMs(operator.pid) - begunCpuMs;
  const measured = `${writes} writes, ${reconciled} reconciled in ${tookMs.toFixed(0)} ms, CPU ${spentMs} ms`;
  return [{ figure: `resync of ${size}`, goal: "0 writes", measured, isMet: writes === 0 }];
}

/** Starts a new operator while all objects are in their declared state. */
export async function restart(
  scene: Scene,
): Promise<{ readonly figures: readonly Figure[]; readonly operator: OperatorProcess }> {
  const { api, size } = scene;
  await api.resetCounts();
  const operator = await scene.startOperator();
  const readyMs = await operator.untilReady();
  const readyCpuMs = cpuMs(operator.pid);
  await until(
    () => operator.reconciles(),
    (reconciles) => reconciles > 0,
    5,
  );
  const firstMs = performance.now() - operator.begunMs;
  await untilReconciled(operator, 0, size);
  const allMs = performance.now() - operator.begunMs;
  await api.untilQuiet(1_000);
  const writes = writesOf((await api.requestCounts(operatorAgent)).counts);
  const goalMs = goals.firstMs;
  const measured = `${firstMs.toFixed(0)} ms (caches ${readyMs.toFixed(0)} ms, CPU ${readyCpuMs} ms; all reconciled ${allMs.toFixed(0)} ms), ${writes} writes`;
  const figure: Figure = {
    figure: `restart with ${size} to the first reconcile`,
    goal: `≤ ${goalMs / 1_000} s, 0 writes`,
    measured,
    isMet: firstMs <= goalMs && writes === 0,
  };
  return { figures: [figure], operator };
}

/** Resident memory of an operator that has been idle for `idleMs`, and its peak. */
export async function memory({ size }: Scene, operator: OperatorProcess, what: string): Promise<readonly Figure[]> {
  await sleep(idleMs);
  const residentMb = memoryMb(operator.pid, "VmRSS");
  const peakMb = memoryMb(operator.pid, "VmHWM");
  const factor = peakMb / residentMb;
  return [
    {
      figure: `operator's memory with ${size} objects and ${2 * size} pods, ${what}`,
      goal: `≤ ${goals.residentMb} MB, peak ≤ ${goals.peakFactor} ×`,
      measured: `${residentMb.toFixed(0)} MB (${memoryMb(operator.pid, "RssAnon").toFixed(0)} MB not of files), peak ${peakMb.toFixed(0)} MB: ${factor.toFixed(2)} ×`,
      isMet: residentMb <= goals.residentMb && factor <= goals.peakFactor,
    },
  ];
}

function writesOf(counts: Readonly<Record<string, number>>): number {
  return Object.entries(counts)
    .filter(([label]) => !/^(GET|WATCH) |leases$/.test(label))
    .reduce((sum, [, count]) => sum + count, 0);
}
