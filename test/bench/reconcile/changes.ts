import { type Figure, quantile } from "../figures.ts";
import { bareChanges, sourceOf } from "./bare-process.ts";
import { percentiles } from "./creation.ts";
import type { OperatorProcess } from "./operator-process.ts";
import type { Scene } from "./scene.ts";

const goals = { p50Ms: 2, p99Ms: 8, growth: 1.2, busy: 2 };
/** Longer than the time between the steps of a rollout. */
const quietMs = 80;
const rescales = 20;
/** Shorter than the time to reconcile a thousand objects, so that the queue is never empty. */
const touchMs = 25;

/** The immediate writes after a change of `replicas`. */
export async function scaling(scene: Scene): Promise<readonly Figure[]> {
  const seen = new Set<string>();
  for (let change = 0; change < rescales; change += 1) {
    const { writes } = await scene.rescale();
    seen.add(writes.join(", "));
    await scene.api.untilQuiet(quietMs);
  }
  const measured = [...seen].join("; ");
  const isMet = measured === "PATCH replicasets, PATCH modeldeployments/status";
  return [{ figure: "replicas changed: writes", goal: "1 + 1 status", measured, isMet }];
}

/** Time from a change of the spec to the last write of a child, compared with a bare loop and with the p99 of fewer objects. */
export async function changing(
  { api, anyName, size }: Scene,
  changes: number,
  earlierP99Ms: number | undefined,
): Promise<{ readonly figures: readonly Figure[]; readonly p99Ms: number }> {
  const names = Array.from({ length: changes }, anyName);
  const tookMs: number[] = [];
  for (const [index, name] of names.entries()) {
    tookMs.push((await api.change(name, sourceOf(index))).lastChildMs);
    await api.untilQuiet(quietMs);
  }
  const bareMs = await bareChanges(size, names);
  const [p50Ms, p99Ms] = [quantile(tookMs, 0.5), quantile(tookMs, 0.99)];
  const grownTo = earlierP99Ms === undefined ? 0 : p99Ms / earlierP99Ms;
  const growth = earlierP99Ms === undefined ? "" : `; ${grownTo.toFixed(2)} × the p99 with fewer`;
  const figure: Figure = {
    figure: `spec change to last child write, ${size} objects`,
    goal: `p50 ≤ ${goals.p50Ms} ms, p99 ≤ ${goals.p99Ms} ms${earlierP99Ms === undefined ? "" : `, ≤ ${goals.growth} × that with fewer`}`,
    measured: `${percentiles(tookMs)} (a bare loop: ${percentiles(bareMs)})${growth}`,
    isMet: p50Ms <= goals.p50Ms && p99Ms <= goals.p99Ms && grownTo <= goals.growth,
  };
  return { figures: [figure], p99Ms };
}

/** Latency of a changed object while all others are being resynced. */
export async function amongResyncs(
  scene: Scene,
  operator: OperatorProcess,
  changes: number,
): Promise<readonly Figure[]> {
  const { api, size } = scene;
  const quietMs = await rescaled(scene, changes, 0);
  const before = await operator.reconciles();
  const { signal, abort } = stopper();
  const touching = (async () => {
    while (!signal.aborted) {
      await api.touchGateway();
      // Polling the metrics for its progress would be most of the operator's work.
      await pause(touchMs);
    }
  })();
  const busyMs = await rescaled(scene, changes, 50);
  abort();
  await touching;
  const reconciled = (await operator.reconciles()) - before;
  const [quiet, busy] = [quantile(quietMs, 0.99), quantile(busyMs, 0.99)];
  return [
    {
      figure: `a change among ${size} that are resynced`,
      goal: `p99 ≤ ${goals.busy} × quiet`,
      measured: `${percentiles(busyMs)}, quiet ${percentiles(quietMs)}: ${(busy / quiet).toFixed(1)} × (${reconciled} others meanwhile)`,
      isMet: busy <= goals.busy * quiet,
    },
  ];
}

async function rescaled(scene: Scene, changes: number, pauseMs: number): Promise<readonly number[]> {
  const tookMs: number[] = [];
  for (let change = 0; change < changes; change += 1) {
    tookMs.push((await scene.rescale()).lastChildMs);
    if (pauseMs === 0) await scene.api.untilQuiet(quietMs);
    else await pause(pauseMs);
  }
  return tookMs;
}

function stopper(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
