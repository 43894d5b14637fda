import { packingSource, packedNumbers } from "../../../runtime/protocols/json/packed-numbers.ts";
import { float32s } from "../../../runtime/protocols/json/scanner/number-scanner.ts";
import type { Figure } from "../figures.ts";

const kinds: readonly (readonly [string, () => string])[] = [
  ["six digits", () => String(Math.round(Math.random() * 1e6) / 1e6)],
  ["float32 in nine digits", () => Math.random().toPrecision(9)],
  ["float64 as Python prints it", () => String(Math.random())],
];
const columns = 784;
const goal = 3;

/** Number of different texts: with a single one the branch predictor would learn it. */
const texts = 64;

/** Time from a body's bytes to float32 values, with ours and with `JSON.parse`: the minimum of many rounds, as other programs run too. */
export function scanFigures(): Promise<readonly Figure[]> {
  const figures = kinds.map(([kind, digits]): Figure => {
    const bodies = Array.from({ length: texts }, () =>
      Buffer.from(`[${Array.from({ length: columns }, digits).join(",")}]`),
    );
    const ours = (bytes: Buffer): Float32Array => {
      const { shape, ...packed } = packedNumbers(packingSource(bytes), 0);
      if (shape === undefined || !("values" in packed)) throw new Error("the numbers are not packed");
      return float32s(packed.values);
    };
    const parsed = (bytes: Buffer): Float32Array => Float32Array.from(JSON.parse(bytes.toString()) as number[]); // a list of numbers
    for (const bytes of bodies) {
      const [oursBytes, parsedBytes] = [Buffer.from(ours(bytes).buffer), Buffer.from(parsed(bytes).buffer)];
      if (Buffer.compare(oursBytes, parsedBytes) !== 0) throw new Error("the numbers differ");
    }
    const [oursUs, parseUs] = [shortestUs(ours, bodies), shortestUs(parsed, bodies)];
    const ratio = parseUs / oursUs;
    return {
      figure: `JSON: ${columns} numbers, ${kind}: JSON.parse / ours`,
      goal: `≥ ${goal}`,
      measured: `${ratio.toFixed(2)} (${parseUs.toFixed(1)} us / ${oursUs.toFixed(1)} us)`,
      isMet: ratio >= goal,
    };
  });
  return Promise.resolve(figures);
}

function shortestUs(work: (bytes: Buffer) => unknown, bodies: readonly Buffer[]): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 500; round++) {
    const start = performance.now();
    for (const bytes of bodies) work(bytes);
    shortest = Math.min(shortest, ((performance.now() - start) * 1000) / bodies.length);
  }
  return shortest;
}
