import type { Sample } from "./sample.ts";

/**
 * What a replica was seen to be capable of: a regression of the time that requests take on how many ran beside them,
 * which forgets within some thousand requests, and the time that replicas take to start.
 */
export interface ServiceModel {
  /** Requests that count, by weight. */
  weight: number;
  /** Weighted means: concurrency per replica, its square, seconds per request, and seconds times concurrency. */
  concurrency: number;
  square: number;
  seconds: number;
  product: number;
  /** Concurrency per replica, averaged over about the time that a request takes. */
  recent: number;
  /** Highest of it that was seen, forgotten within hours. */
  most: number;
  /** From creation to ready, the newest starts weighing most; undefined before the first. */
  coldStartSeconds: number | undefined;
}

/** What one replica can do. */
export interface Capability {
  /** Seconds that a request takes alone. */
  readonly serviceSeconds: number;
  /** Requests that run at the same time. */
  readonly slots: number;
  /** Requests that full slots are worth when each takes as long as alone. */
  readonly capacity: number;
}

/** Nothing seen yet. */
export function unseenService(): ServiceModel {
  const nothing = { weight: 0, concurrency: 0, square: 0, seconds: 0, product: 0, recent: 0, most: 0 };
  return { ...nothing, coldStartSeconds: undefined };
}

const memoryRequests = 4000;
/** Before so many requests a mean is all that is said. */
const fewRequests = 100;
/** Of the concurrency; keeps a slope from being read out of next to no variation. */
const assumedVariance = 0.3;
/** Less cannot be told from nothing. */
const shortestServiceSeconds = 0.001;
const steepestSlowdown = 1;
const coldStartWeight = 0.3;
const mostMemorySeconds = 4 * 3600;
const assumedServiceSeconds = 5;
const assumedSlots = 4;

/** Adds a sample to the model, `seconds` after the last. */
export function addService(model: ServiceModel, sample: Sample, seconds: number): void {
  const replicas = Math.max(1, sample.ready + sample.draining);
  const span = Math.max(1, model.weight > 0 ? model.seconds : assumedServiceSeconds);
  model.recent += (sample.inFlight / replicas - model.recent) * Math.min(1, seconds / span);
  model.most = Math.max(model.recent, model.most * (1 - seconds / mostMemorySeconds));
  for (const start of sample.coldStarts) {
    const known = model.coldStartSeconds ?? start;
    model.coldStartSeconds = known + (start - known) * coldStartWeight;
  }
  if (sample.completions > 0) addCompletions(model, sample);
}

/** What one replica can do, as far as it is known. */
export function capability(
  model: ServiceModel,
  wanted: { readonly slots: number | undefined; readonly lateAfterSeconds: number },
): Capability {
  const { slowdown, ...line } = lineOf(model);
  const serviceSeconds = Math.max(shortestServiceSeconds, line.serviceSeconds);
  const slots = wanted.slots ?? learnedSlots(model, serviceSeconds * slowdown, wanted.lateAfterSeconds);
  return { serviceSeconds, slots, capacity: slots / (1 + slowdown * (slots - 1)) };
}

function addCompletions(model: ServiceModel, { completions, serviceSeconds }: Sample): void {
  model.weight = model.weight * (1 - 1 / memoryRequests) ** completions + completions;
  const share = completions / model.weight;
  const { recent } = model;
  const mean = serviceSeconds / completions;
  model.concurrency += (recent - model.concurrency) * share;
  model.square += (recent * recent - model.square) * share;
  model.seconds += (mean - model.seconds) * share;
  model.product += (mean * recent - model.product) * share;
}

/** Seconds alone, and by which part of them each neighbour adds. */
function lineOf(model: ServiceModel): { readonly serviceSeconds: number; readonly slowdown: number } {
  const { weight, concurrency, square, seconds, product } = model;
  if (weight === 0) return { serviceSeconds: assumedServiceSeconds, slowdown: 0 };
  if (weight < fewRequests) return { serviceSeconds: seconds, slowdown: 0 };
  const variance = square - concurrency * concurrency + assumedVariance;
  const slope = Math.max(0, (product - concurrency * seconds) / variance);
  // Requests that share one processor take as many times as long as there are: a steeper line is an accident of few samples.
  const alone = Math.max(seconds + slope * (1 - concurrency), seconds / Math.max(1, concurrency));
  return { serviceSeconds: alone, slowdown: alone === 0 ? 0 : Math.min(steepestSlowdown, slope / alone) };
}

/** As many as slow each other down by no more than the objective, and not far beyond what was ever seen. */
function learnedSlots(model: ServiceModel, secondsPerNeighbour: number, lateAfterSeconds: number): number {
  const seen = Math.max(assumedSlots, Math.ceil(2 * model.most));
  if (secondsPerNeighbour <= 0) return seen;
  return Math.max(1, Math.min(seen, Math.floor(1 + lateAfterSeconds / secondsPerNeighbour)));
}
