import { type Random, seededRandom } from "../../../operator/autoscale/simulator/random.ts";
import type { Trace } from "../../../operator/autoscale/simulator/trace.ts";

/** Seconds at which requests arrive, and what each takes alone, in seconds. */
interface Family {
  readonly seconds: number;
  readonly rate: (random: Random, seconds: number) => Float64Array;
  readonly service: (random: Random) => number;
}

const hour = 3600;
const warmupSeconds = 600;

/**
 * Families of requests that no constant of the policy was chosen on, made otherwise than the generators of the simulator: with
 * these a change is judged.
 */
const families = {
  /** Poisson with a daily cycle of 12 h, its height another each day. */
  cycle: { seconds: 24 * hour, rate: cycle, service: (random) => 0.2 + random.exponential(3) },
  /** On and off, both for times with a heavy tail. */
  pareto: { seconds: 8 * hour, rate: onOff, service: (random) => random.gamma(4, 0.6) },
  /** A low load and crowds at once, of heavy-tailed height, that go by a power law. */
  crowd: { seconds: 8 * hour, rate: flashCrowds, service: (random) => random.gamma(8, 1) },
  /** Jobs by the clock: every 15 min, every hour, each of its size, beside a few people. */
  cron: { seconds: 12 * hour, rate: cron, service: (random) => 5 + random.exponential(5) },
  /** Sessions that begin by chance and last for times with a heavy tail. */
  sessions: { seconds: 6 * hour, rate: sessions, service: (random) => random.gamma(2.5, 0.8) },
} as const satisfies Readonly<Record<string, Family>>;

type HeldOutName = keyof typeof families;

/** Whether there is a family of this name. */
export function isHeldOutName(name: string): name is HeldOutName {
  return Object.hasOwn(families, name);
}

/** A trace of a family: Poisson by its rate, from a seed. */
export function heldOutTrace(name: HeldOutName, seed: number): Trace {
  const { seconds, rate, service }: Family = families[name];
  const random = seededRandom(seed + 7_919);
  const found: number[] = [];
  for (const [second, perSecond] of rate(random, seconds).entries()) {
    for (let at = random.exponential(1); at < perSecond; at += random.exponential(1)) {
      found.push(Math.floor((second + at / perSecond) * 1000));
    }
  }
  const arrivalsMs = Float64Array.from(found).sort();
  const servicesMs = Float64Array.from(arrivalsMs, () => Math.max(50, Math.round(service(random) * 1000)));
  return { name: `${name}:${seed}`, seconds, warmupSeconds, arrivalsMs, servicesMs };
}

/** A trace of each family. */
export function* heldOutTraces(seed: number): Generator<Trace> {
  for (const name of Object.keys(families)) if (isHeldOutName(name)) yield heldOutTrace(name, seed);
}

/** Times of at least `least`, whose mean is three times that: a Pareto distribution of shape 1.5. */
function heavyTailed(random: Random, least: number): number {
  return least * (1 - random.uniform()) ** (-1 / 1.5);
}

function cycle(random: Random, seconds: number): Float64Array {
  const heights = Array.from({ length: 4 }, () => 1 + 3 * random.uniform());
  return Float64Array.from({ length: seconds }, (_, at) => {
    const height = heights[Math.floor(at / (12 * hour))] ?? 1;
    return 0.05 + height * Math.max(0, Math.sin((2 * Math.PI * at) / (12 * hour))) ** 1.5;
  });
}

function onOff(random: Random, seconds: number): Float64Array {
  const rates = new Float64Array(seconds);
  const low = 0.3 * random.uniform();
  for (let at = heavyTailed(random, 200); at < seconds; at += heavyTailed(random, 300)) {
    const until = at + heavyTailed(random, 60);
    rates.fill(3 + 7 * random.uniform(), Math.floor(at), Math.floor(until));
    at = until;
  }
  return rates.map((rate) => rate + low);
}

function flashCrowds(random: Random, seconds: number): Float64Array {
  const rates = new Float64Array(seconds).fill(0.2 + 0.2 * random.uniform());
  for (let at = random.exponential(hour); at < seconds; at += random.exponential(hour)) {
    const height = Math.min(12, heavyTailed(random, 1));
    const fall = 60 + random.exponential(240);
    for (let after = 0; after < 15 * fall && at + after < seconds; after += 1) {
      const index = Math.floor(at + after);
      rates[index] = (rates[index] ?? 0) + height * (1 + after / fall) ** -2;
    }
  }
  return rates;
}

function cron(random: Random, seconds: number): Float64Array {
  const rates = new Float64Array(seconds).fill(0.05);
  const jobs = [
    { every: 900, offset: 60 * random.uniform(), requests: 20 + 60 * random.uniform() },
    { every: 3600, offset: 3600 * random.uniform(), requests: 100 + 300 * random.uniform() },
  ];
  for (const { every, offset, requests } of jobs) {
    for (let at = offset; at < seconds; at += every) {
      const length = 20 + 40 * random.uniform();
      for (let second = Math.floor(at); second < Math.min(seconds, at + length); second += 1) {
        rates[second] = (rates[second] ?? 0) + requests / length;
      }
    }
  }
  return rates;
}

function sessions(random: Random, seconds: number): Float64Array {
  const rates = new Float64Array(seconds);
  const perSession = 0.25;
  for (let at = -2 * hour; at < seconds; at += random.exponential(40)) {
    const until = Math.min(seconds, at + Math.min(2 * hour, heavyTailed(random, 120)));
    for (let second = Math.max(0, Math.floor(at)); second < until; second += 1) {
      rates[second] = (rates[second] ?? 0) + perSession;
    }
  }
  return rates;
}
