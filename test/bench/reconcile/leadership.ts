import { setTimeout as sleep } from "node:timers/promises";
import type { Figure } from "../figures.ts";
import { cpuMs, memoryMb } from "../process-figures.ts";
import type { OperatorProcess } from "./operator-process.ts";
import type { Scene } from "./scene.ts";

/** Time limits of a takeover; a lost leader's lease is valid for 15 s. */
const goals = { lostMs: 16_000, gracefulMs: 3_000 };
const watchedMs = 10_000;
const changes = 50;

/** The cost of a standby operator, and the time until it takes over. */
export async function leadership(scene: Scene, leader: OperatorProcess): Promise<readonly Figure[]> {
  const second = await scene.startOperator();
  await second.untilReady();
  const cost = await standbyCost(scene, second);
  const gracefulMs = await takenOver(scene, leader, "SIGTERM");
  const third = await scene.startOperator();
  await third.untilReady();
  const lostMs = await takenOver(scene, second, "SIGKILL");
  await scene.stopOperator(third);
  return [
    cost,
    {
      figure: "leader ends (SIGTERM) to the next one's first write",
      goal: `≤ ${goals.gracefulMs / 1_000} s`,
      measured: `${(gracefulMs / 1_000).toFixed(2)} s`,
      isMet: gracefulMs <= goals.gracefulMs,
    },
    {
      figure: "leader lost (SIGKILL) to the next one's first write",
      goal: `≤ ${goals.lostMs / 1_000} s`,
      measured: `${(lostMs / 1_000).toFixed(2)} s`,
      isMet: lostMs <= goals.lostMs,
    },
  ];
}

/** The standby's processor time while idle and for changes that the leader handles. */
async function standbyCost(scene: Scene, standby: OperatorProcess): Promise<Figure> {
  await sleep(watchedMs);
  const begunMs = cpuMs(standby.pid);
  await sleep(watchedMs);
  const idle = (cpuMs(standby.pid) - begunMs) / watchedMs;
  const beforeMs = cpuMs(standby.pid);
  for (let change = 0; change < changes; change += 1) {
    await scene.rescale();
    await scene.api.untilQuiet(80);
  }
  const perChangeMs = (cpuMs(standby.pid) - beforeMs) / changes;
  const residentMb = memoryMb(standby.pid, "VmRSS");
  const measured = `${residentMb.toFixed(0)} MB, CPU ${(idle * 100).toFixed(1)} % idle, ${perChangeMs.toFixed(1)} ms a change`;
  return { figure: "an operator on standby", goal: "–", measured, isMet: true };
}

/** Time from the end of the leader to the first write for a change that is made at that moment. */
async function takenOver(scene: Scene, leader: OperatorProcess, signal: "SIGTERM" | "SIGKILL"): Promise<number> {
  const begunMs = performance.now();
  const ended = scene.stopOperator(leader, signal);
  // The leader must not handle the change while it shuts down.
  await sleep(signal === "SIGKILL" ? 0 : 50);
  await scene.rescale();
  const tookMs = performance.now() - begunMs;
  await ended;
  return tookMs;
}
