import { type Random, seededRandom } from "../../../operator/autoscale/simulator/random.ts";
import type { Trace } from "../../../operator/autoscale/simulator/trace.ts";

/** The arrival rate by second, and a request's service time without others, in seconds. */
interface Family {
  readonly seconds: number;
  readonly rate: (random: Random, seconds: number) => Float64Array;
  readonly service: (random: Random) => number;
}

const hour = 3600;
const warmupSeconds = 600;

/**
 * Families of traces on which no constant of the policy was chosen, for judging changes of it. They are generated differently from
 * the simulator's generators.
 */
const families = {
  /** Poisson with a cycle of 12 h, whose height differs each time. */
  cycle: { seconds: 24 * hour, rate: cycle, service: (random) => 0.2 + random.exponential(3) },
  /** On and off periods of heavy-tailed length. */
  pareto: { seconds: 8 * hour, rate: onOff, service: (random) => random.gamma(4, 0.6) },
  /** A low load with sudden crowds of heavy-tailed height that decay by a power law. */
  crowd: { seconds: 8 * hour, rate: flashCrowds, service: (random) => random.gamma(8, 1) },
  /** Jobs every 15 min and every hour, each with its own size, and a low load. */
  cron: { seconds: 12 * hour, rate: cron, service: (random) => 5 + random.exponential(5) },
  /** Sessions that begin at random and have heavy-tailed lengths. */
  sessions: { seconds: 6 * hour, rate: sessions, service: (random) => random.gamma(2.5, 0.8) },
} as const satisfies Readonly<Record<string, Family>>;

type HeldOutName = keyof typeof families;

/** Whether there is a family of this name. */
export function isHeldOutName(name: string): name is HeldOutName {
  return Object.hasOwn(families, name);
}

/** A trace of a family: a Poisson process with the family's rate, from a seed. */
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

/** A Pareto-distributed time of shape 1.5: at least `least`, with a mean of three times that. */
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
