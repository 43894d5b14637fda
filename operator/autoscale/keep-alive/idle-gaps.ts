/**
 * Histogram of a level's idle gaps: how long it was idle each time before it was needed again. Bucket widths grow geometrically, old
 * gaps are discounted, trailing zeros are left out.
 */
export type IdleGaps = readonly number[];

const buckets = 24;
const shortestSeconds = 5;
const bucketRatio = 1.45;
/** Discount of the earlier gaps when one is added: about thirty count. */
const discount = 0.97;
/** Prior weight of a gap that never ends: after few gaps, the level may not be needed again. */
const endlessWeight = 0.3;
const negligibleWeight = 0.05;

/** Upper bound of each bucket, in seconds. */
const bounds: readonly number[] = Array.from(
  { length: buckets },
  (_, bucket) => shortestSeconds * bucketRatio ** bucket,
);

/** The histogram with one more gap. */
export function withGap(gaps: IdleGaps, seconds: number): IdleGaps {
  const at = Math.min(
    buckets - 1,
    Math.max(
      0,
      bounds.findIndex((bound) => bound >= seconds),
    ),
  );
  const bucket = seconds > (bounds[buckets - 1] ?? 0) ? buckets - 1 : at;
  return Array.from(
    { length: Math.max(gaps.length, bucket + 1) },
    (_, index) => (gaps[index] ?? 0) * discount + (index === bucket ? 1 : 0),
  );
}

/**
 * How long to keep an idle level when a start costs as much as `startCost` seconds of keeping it: the ski-rental
 * decision on the observed gaps, min over t of E[min(gap, t) + (gap > t) · startCost].
 */
export function keepAliveSeconds(gaps: IdleGaps, startCost: number): number {
  let outlasting = endlessWeight;
  for (const count of gaps) outlasting += count;
  let [best, least, waited] = [0, outlasting * startCost, 0];
  for (let bucket = 0; bucket < gaps.length; bucket += 1) {
    const [bound, count] = [bounds[bucket] ?? 0, gaps[bucket] ?? 0];
    waited += (count * bound) / Math.sqrt(bucketRatio);
    outlasting -= count;
    const expense = waited + outlasting * (bound + startCost);
    if (expense >= least) continue;
    least = expense;
    best = bound;
  }
  return best;
}

/** The longest gap that still counts; 0 without any. */
export function longestGap(gaps: IdleGaps): number {
  const bucket = gaps.findLastIndex((count) => count > negligibleWeight);
  return bounds[bucket] ?? 0;
}

const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** A letter encodes the square root of a count, which is finer for small counts. The largest count, 1 / (1 - discount), just fits. */
const lettersPerRoot = 10;

/** A histogram as text, one letter per bucket, accurate to about a tenth. */
export function encodedGaps(gaps: IdleGaps): string {
  return gaps.map((count) => letters[Math.round(lettersPerRoot * Math.sqrt(count))] ?? "").join("");
}

/** The histogram that `encodedGaps` wrote. */
export function decodedGaps(text: string): IdleGaps {
  return Array.from(text, (letter) => (letters.indexOf(letter) / lettersPerRoot) ** 2);
}
