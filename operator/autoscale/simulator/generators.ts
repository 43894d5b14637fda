import { type Random, seededRandom } from "./random.ts";
import type { Trace } from "./trace.ts";

/** Seconds at which requests arrive, in any order. */
type Arrivals = (random: Random, seconds: number) => readonly number[];

interface Generator {
  readonly seconds: number;
  readonly arrivals: Arrivals;
}

const warmupSeconds = 600;
const hour = 3600;

/** Synthetic workloads of different kinds, each reproducible from a seed. */
export const generators = {
  /** Thirty clients of very different size, each with its own rhythm, 3 h. */
  clients: {
    seconds: 3 * hour,
    arrivals: (random, seconds) => clients(random, seconds, { count: 30, rate: 1.5 }),
  },
  /** Sixty clients, ten times as many requests, 2 h. */
  busy: {
    seconds: 2 * hour,
    arrivals: (random, seconds) => clients(random, seconds, { count: 60, rate: 15 }),
  },
  /** Two states of load, quiet for 10 min and busy for 3 min on average, 3 h. */
  switching: {
    seconds: 3 * hour,
    arrivals: (random, seconds) =>
      poisson(
        random,
        seconds,
        cycled(random, seconds, [
          { rate: 0.4, seconds: 600 },
          { rate: 4, seconds: 180 },
        ]),
      ),
  },
  /** Two states of load, quiet for 30 min and busy for 4 min on average, 6 h. */
  rareBursts: {
    seconds: 6 * hour,
    arrivals: (random, seconds) =>
      poisson(
        random,
        seconds,
        cycled(random, seconds, [
          { rate: 0.3, seconds: 1800 },
          { rate: 5, seconds: 240 },
        ]),
      ),
  },
  /** A slow wave with sudden crowds that go within minutes, 6 h. */
  crowds: {
    seconds: 6 * hour,
    arrivals: (random, seconds) => poisson(random, seconds, crowds(random, seconds)),
  },
  /** A smooth wave of 2 h, 6 h. */
  wave: {
    seconds: 6 * hour,
    arrivals: (random, seconds) =>
      poisson(random, seconds, (at) => 2.5 - 2.2 * Math.cos((2 * Math.PI * at) / (2 * hour))),
  },
  /** Rare spells of use of a few minutes, 24 h. */
  spells: {
    seconds: 24 * hour,
    arrivals: (random, seconds) => poisson(random, seconds, spells(random, seconds, { every: 2700, rate: 0.35 })),
  },
  /** Two days of office hours, nothing at night, 48 h. */
  daily: {
    seconds: 48 * hour,
    arrivals: (random, seconds) => poisson(random, seconds, officeHours),
  },
  /** Batches of a dozen requests at once, three a minute for a while, then none, 4 h. */
  batches: {
    seconds: 4 * hour,
    arrivals: batches,
  },
} as const satisfies Readonly<Record<string, Generator>>;

/** Name of a generator in `--trace`. */
export type GeneratorName = keyof typeof generators;

/** Whether there is a generator of this name. */
export function isGeneratorName(name: string): name is GeneratorName {
  return Object.hasOwn(generators, name);
}

/** The trace of a generator and a seed. */
export function generatedTrace(name: GeneratorName, seed: number): Trace {
  const { seconds, arrivals }: Generator = generators[name];
  const random = seededRandom(seed);
  const arrivalsMs = Float64Array.from(arrivals(random, seconds), (at) => Math.floor(at * 100) * 10).sort();
  return {
    name: `${name}:${seed}`,
    seconds,
    warmupSeconds,
    arrivalsMs,
    servicesMs: Float64Array.from(arrivalsMs, () => serviceMs(random)),
  };
}

/** Service time like text generation's (lognormal output length after a short prompt): 6 s on average, in steps of 50 ms. */
function serviceMs(random: Random): number {
  const seconds = Math.min(30, 0.1 + 4.4 * Math.exp(0.8 * random.normal()));
  return Math.max(50, Math.round(seconds * 20) * 50);
}

/** An inhomogeneous Poisson process, by thinning. */
function poisson(random: Random, seconds: number, rate: (at: number) => number): readonly number[] {
  let most = 0;
  for (let at = 0; at < seconds; at += 1) most = Math.max(most, rate(at));
  const found: number[] = [];
  for (let at = random.exponential(1 / most); at < seconds; at += random.exponential(1 / most)) {
    if (random.uniform() * most < rate(Math.floor(at))) found.push(at);
  }
  return found;
}

function clients(
  random: Random,
  seconds: number,
  { count, rate }: { readonly count: number; readonly rate: number },
): readonly number[] {
  const sizes = Array.from({ length: count }, () => (1 - random.uniform()) ** -0.8);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.flatMap((size) => client(random, seconds, (rate * size) / all));
}

/** One client: every ten minutes, offset by client, its rate and regularity change. */
function client(random: Random, seconds: number, meanRate: number): readonly number[] {
  const found: number[] = [];
  for (let from = -600 * random.uniform(); from < seconds; from += 600) {
    const rate = meanRate * random.gamma(1, 0.5);
    const variation = Math.min(4, Math.max(0.6, 1.2 * Math.exp(0.5 * random.normal())));
    for (let at = from + random.gamma(1 / rate, variation); at < from + 600; at += random.gamma(1 / rate, variation)) {
      if (at >= 0 && at < seconds) found.push(at);
    }
  }
  return found;
}

interface RateState {
  readonly rate: number;
  /** Mean duration. */
  readonly seconds: number;
}

/** The rate of a Markov-modulated process that cycles through states of exponential duration. */
function cycled(random: Random, seconds: number, states: readonly RateState[]): (at: number) => number {
  const rates = new Float64Array(seconds + 1);
  let at = 0;
  for (let index = 0; at < seconds; index += 1) {
    const state = states[index % states.length];
    if (state === undefined) break;
    const until = at + random.exponential(state.seconds);
    rates.fill(state.rate, Math.floor(at), Math.ceil(Math.min(until, seconds)));
    at = until;
  }
  return (at) => rates[at] ?? 0;
}

function crowds(random: Random, seconds: number): (at: number) => number {
  const calm = (at: number): number => 0.35 + 0.2 * Math.sin((2 * Math.PI * at) / 9000);
  const rates = Float64Array.from({ length: seconds + 1 }, (_, at) => calm(at));
  for (let at = random.exponential(2400); at < seconds; at += random.exponential(2400)) {
    const height = (3 + 11 * random.uniform()) * calm(at);
    const rise = 15 + 80 * random.uniform();
    const fall = 90 + 300 * random.uniform();
    for (let after = 0; after < rise + 6 * fall && at + after < seconds; after += 1) {
      const share = after < rise ? after / rise : Math.exp((rise - after) / fall);
      rates[Math.floor(at + after)] = (rates[Math.floor(at + after)] ?? 0) + height * share;
    }
  }
  return (at) => rates[at] ?? 0;
}

function spells(
  random: Random,
  seconds: number,
  { every, rate }: { readonly every: number; readonly rate: number },
): (at: number) => number {
  const rates = new Float64Array(seconds + 1);
  for (let at = random.exponential(every); at < seconds; at += random.exponential(every)) {
    const until = Math.min(seconds, at + 120 + 900 * random.uniform());
    for (let second = Math.floor(at); second < until; second += 1) rates[second] = (rates[second] ?? 0) + rate;
  }
  return (at) => rates[at] ?? 0;
}

function officeHours(at: number): number {
  const hourOfDay = (at / hour) % 24;
  if (hourOfDay < 8 || hourOfDay > 18) return 0;
  return 1.2 * Math.sin((Math.PI * (hourOfDay - 8)) / 10) + 0.05;
}

function batches(random: Random, seconds: number): readonly number[] {
  const isOn = cycled(random, seconds, [
    { rate: 0, seconds: 900 },
    { rate: 1, seconds: 500 },
  ]);
  const starts = poisson(random, seconds, (at) => 0.05 * isOn(at));
  return starts
    .flatMap((start) =>
      Array.from({ length: 1 + Math.floor(random.exponential(12)) }, () => start + random.exponential(1)),
    )
    .filter((at) => at < seconds);
}
