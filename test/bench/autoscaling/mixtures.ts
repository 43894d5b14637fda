import { type Random, seededRandom } from "../../../operator/autoscale/simulator/random.ts";
import type { Trace } from "../../../operator/autoscale/simulator/trace.ts";

const seconds = 3 * 3600;
const warmupSeconds = 600;

/**
 * A trace whose kind is drawn from the seed as well: a load with or without waves and random drift, crowds and batches, with sizes and
 * times drawn over orders of magnitude. Each seed is a separate family.
 */
export function mixture(seed: number): Trace {
  const random = seededRandom(seed + 104_729);
  const serviceSeconds = logUniform(random, 1.5, 10);
  const variation = 0.3 + 0.9 * random.uniform();
  const offered = offeredOf(random);
  const found: number[] = [];
  for (const [second, concurrency] of offered.entries()) {
    const perSecond = concurrency / serviceSeconds;
    for (let at = random.exponential(1); at < perSecond; at += random.exponential(1)) {
      found.push(Math.floor((second + at / perSecond) * 1000));
    }
  }
  const arrivalsMs = Float64Array.from(found).sort();
  const serviceMs = (): number => Math.max(50, Math.round(1000 * random.gamma(serviceSeconds, variation)));
  return {
    name: `mixture:${seed}`,
    seconds,
    warmupSeconds,
    arrivalsMs,
    servicesMs: Float64Array.from(arrivalsMs, serviceMs),
  };
}

/** The offered concurrency by second. */
function offeredOf(random: Random): Float64Array {
  const offered = new Float64Array(seconds);
  const isIdle = random.uniform() < 0.3;
  if (!isIdle) addLoad(offered, random);
  const crowdKinds = random.uniform() < 0.3 ? 2 : 1;
  if (isIdle || random.uniform() < 0.6) for (let kind = 0; kind < crowdKinds; kind += 1) addCrowds(offered, random);
  return offered;
}

function addLoad(offered: Float64Array, random: Random): void {
  const load = logUniform(random, 0.3, 30);
  const period = logUniform(random, 1200, 4 * 3600);
  const amplitude = random.uniform() < 0.5 ? 0 : random.uniform();
  const phase = random.uniform();
  const drift = random.uniform() < 0.5 ? 0 : 0.5 * random.uniform();
  const span = logUniform(random, 30, 1800);
  let offset = 0;
  for (let at = 0; at < seconds; at += 1) {
    offset += -offset / span + drift * Math.sqrt(2 / span) * random.normal();
    const wave = 1 + amplitude * Math.sin(2 * Math.PI * (at / period + phase));
    offered[at] = (offered[at] ?? 0) + load * wave * Math.exp(offset);
  }
}

function addCrowds(offered: Float64Array, random: Random): void {
  const every = logUniform(random, 300, 2 * 3600);
  const isRegular = random.uniform() < 0.25;
  const height = logUniform(random, 1, 60);
  const variation = random.uniform();
  const rise = logUniform(random, 1, 200);
  const stay = logUniform(random, 10, 1200);
  const isSudden = random.uniform() < 0.5;
  const next = (): number => (isRegular ? every : random.exponential(every));
  for (let start = every * random.uniform(); start < seconds; start += next()) {
    const own = height * Math.exp(variation * random.normal());
    const lasts = stay * random.gamma(1, 0.5);
    const end = rise + (isSudden ? lasts : 5 * lasts);
    for (let after = 0; after < end && start + after < seconds; after += 1) {
      const left = isSudden ? 1 : Math.exp((rise - after) / lasts);
      const share = after < rise ? after / rise : left;
      const index = Math.floor(start + after);
      offered[index] = (offered[index] ?? 0) + own * share;
    }
  }
}

function logUniform(random: Random, least: number, most: number): number {
  return least * (most / least) ** random.uniform();
}
