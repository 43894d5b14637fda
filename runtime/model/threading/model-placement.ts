import { stat } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import type { LoadedModel } from "../../engines/engine.ts";
import { loadModel } from "../formats/load-model.ts";
import { fittingRuns, type WarmUpRun } from "../warm-up.ts";
import type { ThreadOrder } from "./thread-messages.ts";
import { threadedModel } from "./threaded-model.ts";

/** Where a model runs: on the event loop, or in a thread of its own. */
export type Place = "loop" | "thread";

/** A loaded model and where it runs. */
export interface PlacedModel {
  readonly format: string;
  readonly model: LoadedModel;
  readonly place: Place;
  /** Time of one call with one row, as the engine takes it; of signatures that take texts nobody knows it. */
  readonly callMs: number;
}

/** How a place is found. */
export interface PlacementTerms {
  /** Longest time of a call, see `ThreadTerms`. */
  readonly maxCallMs: number;
  /** Other models answer on the event loop meanwhile: even the load must not keep them waiting. */
  readonly isLoopBusy: boolean;
  /** See `ThreadTerms`. */
  readonly onStuck?: () => () => void;
  readonly clock: Clock;
}

/** A call that takes longer than this is worth a trip to a thread and back, which costs about 0.04 ms of both cores. */
const longCallMs = 0.2;
/** Bounds of the measurement, which ends with the first short call. */
const maxMeasured = 50;
const maxMeasuringMs = 60;
/** Files above this are taken for models with long calls until they are measured. */
const largeFileBytes = 4 * 1024 ** 2;

/** Loads a model where its calls belong, by their measured time. Throws the Fault of `loadModel`. */
export async function placedModel(order: ThreadOrder, terms: PlacementTerms): Promise<PlacedModel> {
  const isSlow = terms.isLoopBusy || wantsGpu(order) || (await isLarge(order[0]));
  return isSlow ? threadFirst(order, terms) : loopFirst(order, terms);
}

async function loopFirst(order: ThreadOrder, terms: PlacementTerms): Promise<PlacedModel> {
  const { format, model } = await loadModel(...order);
  const { runs } = await fittingRuns(model.signatures, (inputs, name) => model.infer(inputs, name));
  const callMs = await shortest(async () => {
    const start = performance.now();
    for (const [name, inputs] of runs) await model.infer(inputs, name);
    return performance.now() - start;
  });
  if (callMs <= longCallMs && isMeasurable(model, runs)) return { format, model, place: "loop", callMs };
  const threaded = await threadedModel(order, terms);
  model.unload();
  for (const [name, inputs] of runs) await threaded.infer(inputs, name);
  return { format, model: threaded, place: "thread", callMs };
}

async function threadFirst(order: ThreadOrder, terms: PlacementTerms): Promise<PlacedModel> {
  const threaded = await threadedModel(order, terms);
  const { format } = threaded;
  const { runs } = await fittingRuns(threaded.signatures, (inputs, name) => threaded.infer(inputs, name));
  const callMs = await shortest(async () => {
    let engineMs = 0;
    for (const [name, inputs] of runs) engineMs += (await threaded.timed(inputs, name)).engineMs;
    return engineMs;
  });
  if (callMs > longCallMs || !isMeasurable(threaded, runs)) return { format, model: threaded, place: "thread", callMs };
  threaded.unload();
  const { model } = await loadModel(...order);
  return { format, model, place: "loop", callMs };
}

/** Nobody knows what a call with texts takes, examples among them, before there are any. */
function isMeasurable({ signatures }: LoadedModel, runs: readonly WarmUpRun[]): boolean {
  return runs.length === signatures.size;
}

/** The first calls compile and allocate, others are interrupted: only the shortest tells what a call costs. */
async function shortest(measure: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let spentMs = 0;
  for (let i = 0; i < maxMeasured && spentMs < maxMeasuringMs && least > longCallMs; i++) {
    const callMs = await measure();
    least = Math.min(least, callMs);
    spentMs += callMs;
  }
  return least;
}

/** On a GPU the first calls take seconds, and the event loop already answers for readiness. */
function wantsGpu([, options]: ThreadOrder): boolean {
  return typeof options === "object" && options.wantsGpu === true;
}

async function isLarge(path: string): Promise<boolean> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  return size > largeFileBytes;
}
