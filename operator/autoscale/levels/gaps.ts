/**
 * How long a level was idle each time before it was needed again, as a histogram over lengths that grow by a factor;
 * old ones fade. Trailing zeros are left out.
 */
export type Gaps = readonly number[];

const buckets = 24;
const shortestSeconds = 5;
const factor = 1.45;
/** What is left of the others when a gap is added: about thirty count. */
const fading = 0.97;
/** Weight of a gap that never ended: whoever has seen little doubts that a level comes back. */
const doubt = 0.3;
const forgotten = 0.05;

/** Upper bound of a bucket. */
const edges: readonly number[] = Array.from({ length: buckets }, (_, bucket) => shortestSeconds * factor ** bucket);

/** The histogram with one more gap. */
export function withGap(gaps: Gaps, seconds: number): Gaps {
  const at = Math.min(
    buckets - 1,
    Math.max(
      0,
      edges.findIndex((edge) => edge >= seconds),
    ),
  );
  const bucket = seconds > (edges[buckets - 1] ?? 0) ? buckets - 1 : at;
  return Array.from(
    { length: Math.max(gaps.length, bucket + 1) },
    (_, index) => (gaps[index] ?? 0) * fading + (index === bucket ? 1 : 0),
  );
}

/**
 * How long to keep an idle level when a start costs as much as keeping it for `price` seconds: the ski-rental decision on
 * what was seen, min over t of E[min(gap, t) + (gap > t) · price].
 */
export function keepSeconds(gaps: Gaps, price: number): number {
  let outlasting = doubt;
  for (const count of gaps) outlasting += count;
  let [best, least, waited] = [0, outlasting * price, 0];
  for (let bucket = 0; bucket < gaps.length; bucket += 1) {
    const [edge, count] = [edges[bucket] ?? 0, gaps[bucket] ?? 0];
    waited += (count * edge) / Math.sqrt(factor);
    outlasting -= count;
    const expense = waited + outlasting * (edge + price);
    if (expense >= least) continue;
    least = expense;
    best = edge;
  }
  return best;
}

/** The longest gap that is remembered; 0 without any. */
export function longestGap(gaps: Gaps): number {
  const bucket = gaps.findLastIndex((count) => count > forgotten);
  return edges[bucket] ?? 0;
}

const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** A count is at most 1 / (1 - fading), which is just within the letters; of small ones more is told. */
const lettersPerRoot = 10;

/** A histogram as text, a letter for each length: counts are told to about a tenth. */
export function gapsText(gaps: Gaps): string {
  return gaps.map((count) => letters[Math.round(lettersPerRoot * Math.sqrt(count))] ?? "").join("");
}

/** The histogram that `gapsText` wrote. */
export function gapsOf(text: string): Gaps {
  return Array.from(text, (letter) => (letters.indexOf(letter) / lettersPerRoot) ** 2);
}
