import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NumberSink } from "../../../../../runtime/protocols/json/number-scan.ts";
import { float32s, numberScanner } from "../../../../../runtime/protocols/json/scanner/number-scanner.ts";

/** Padding, so that the scanner does not stop early near the end of the text. */
const room = "\n".repeat(100);

function sink(): NumberSink {
  return { values: new Float64Array(4), count: 0, inexact: false };
}

interface Scanned {
  readonly values: readonly number[];
  readonly inexact: boolean;
  /** The text from the first number on that the scanner does not read. */
  readonly left: string;
}

function scanned(text: string): Scanned {
  const into = sink();
  const bytes = Buffer.from(text + room, "latin1");
  const at = numberScanner(bytes).scan(0, into);
  return { values: [...into.values.subarray(0, into.count)], inexact: into.inexact, left: text.slice(at) };
}

describe("numbers are read", () => {
  test.each<readonly [string, string, Scanned]>([
    ["whole ones", "1,23,-4, 0,9007199254740991,x", scan([1, 23, -4, 0, 9007199254740991], false, "x")],
    ["fractions", "0.5,-1.25, 3.0,0.000001,x", scan([0.5, -1.25, 3, 0.000001], true, "x")],
    ["powers of ten", "1e3,-2.5E-3,1e+2,0e5,1e64,x", scan([1000, -0.0025, 100, 0, 1e64], true, "x")],
    ["no negative zero that is whole", "-0,x", scan([0], false, "x")],
    ["negative zeros that are not", "-0.0,-0e1,x", scan([-0, -0], true, "x")],
    [
      "nineteen digits",
      "0.1234567890123456789,1234567890123456.789,x",
      scan([Number("0.1234567890123456789"), Number("1234567890123456.789")], true, "x"),
    ],
    [
      "what Python prints",
      "0.8444218515250481,0.04676198432169265,x",
      scan([0.8444218515250481, 0.04676198432169265], true, "x"),
    ],
    [
      "what JavaScript prints of small ones",
      "0.0000012345678901234567,-0.00012345678901234567,x",
      scan([0.0000012345678901234567, -0.00012345678901234567], true, "x"),
    ],
    [
      "halves between two doubles",
      "9007199254740993e0,9007199254740995e0,x",
      scan([9007199254740992, 9007199254740996], true, "x"),
    ],
  ])("%s", (_, text, want) => {
    expect(scanned(text)).toEqual(want);
  });

  test.each([
    "01,",
    "-,",
    "-01,",
    ".5,",
    "1.,",
    "1.e5,",
    "1e,",
    "1e+,",
    "+1,",
    "1 ,",
    "1]",
    "1.5]",
    "1\n,",
    "NaN,",
    "Infinity,",
    "-Infinity,",
    "9007199254740992,",
    "12345678901234567890,",
    "0.12345678901234567890123,",
    "1e65,",
    "1e-80,",
    "1e1000,",
    `1e${"0".repeat(90)}1,`,
    '"a",',
    "[1,",
    "{},",
    "0.0000000000000000000000000000000000000000001,",
    "1_0,",
    "0x10,",
    "1.5.5,",
    "1e5.5,",
    "--1,",
    ",",
    "",
  ])("except %s", (text) => {
    expect(scanned(`7,${text}`)).toMatchObject({ values: [7], left: text });
  });

  test("except those that begin less than eighty bytes before the end", () => {
    const into = sink();
    expect(numberScanner(Buffer.from("1,".repeat(40))).scan(0, into)).toBe(0);
    expect(numberScanner(Buffer.from("1,".repeat(50))).scan(0, into)).toBe(20);
    expect(into.count).toBe(10);
  });

  test("through windows of a long text, alternating with another text", () => {
    const numbers = Array.from({ length: 50_000 }, (_, i) => `${i}.${i % 1000}`);
    const [one, other] = [Buffer.from(`${numbers.join(",")},${room}`), Buffer.from(`${numbers.join(", ")},${room}`)];
    const [first, second] = [sink(), sink()];
    const scanners = [numberScanner(one), numberScanner(other)] as const;
    let [at, otherAt] = [0, 0];
    for (let turn = 0; turn < 3; turn++) {
      at = scanners[0].scan(at, first);
      otherAt = scanners[1].scan(otherAt, second);
    }
    const want = numbers.map(Number);
    expect([...first.values.subarray(0, first.count)]).toEqual(want);
    expect([...second.values.subarray(0, second.count)]).toEqual(want);
    expect([at, otherAt]).toEqual([one.length - room.length, other.length - room.length]);
  });
});

function scan(values: readonly number[], inexact: boolean, left: string): Scanned {
  return { values, inexact, left };
}

describe("every number read is bit for bit the one that JavaScript reads", () => {
  const bits = fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((all) => new Float64Array(BigUint64Array.of(all).buffer)[0] ?? 0);
  const digits = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^\\d{1,${length}}$`));
  const texts: Readonly<Record<string, fc.Arbitrary<string>>> = {
    "doubles of any bits, in their shortest digits": bits.filter(Number.isFinite).map(String),
    "float32s in nine digits": bits
      .map((value) => Math.fround(value).toPrecision(9))
      .filter((text) => !/[IN]/.test(text)),
    "between -1 and 1 in up to twenty digits": fc
      .tuple(fc.constantFrom("0.", "-0."), digits(19))
      .map((parts) => parts.join("")),
    "many digits before and behind a point": fc
      .tuple(fc.bigInt({ min: 0n, max: 10n ** 18n }), digits(24))
      .map(([whole, fraction]) => `${whole}.${fraction}`),
    "small ones without a power": fc
      .tuple(fc.integer({ min: 0, max: 16 }), digits(17))
      .map(([zeros, rest]) => `0.${"0".repeat(zeros)}${rest}`),
    "digits, a point and a power": fc
      .tuple(fc.integer({ min: 1, max: 999_999_999 }), digits(12), fc.integer({ min: -70, max: 70 }))
      .map(([whole, fraction, power]) => `${whole}.${fraction}e${power}`),
    "near the middle of two doubles": fc
      .tuple(fc.bigInt({ min: 2n ** 53n, max: 2n ** 60n }), fc.integer({ min: -30, max: 30 }))
      .map(([half, power]) => `${half | 1n}e${power}`),
    "near the middle of two float32s": fc
      .tuple(fc.integer({ min: 0, max: 2 ** 30 }), fc.integer({ min: -1, max: 1 }))
      .map(([all, off]) => {
        const [value = 0, above = 0] = new Float32Array(Int32Array.of(all, all + 1).buffer);
        return String((value + above) / 2 + off * Number.EPSILON * value);
      }),
  };
  test.each(Object.entries(texts))("%s", (_, text) => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 200 }), (numbers) => {
        const into = sink();
        const bytes = Buffer.from(`${numbers.join(",")},${room}`);
        const scanner = numberScanner(bytes);
        const want: number[] = [];
        for (let [i, at] = [0, 0]; i < numbers.length; i++) {
          const before = into.count;
          const next = scanner.scan(at, into);
          for (; i < numbers.length && want.length < into.count; i++) want.push(Number(numbers[i]));
          // The number that the scanner does not read.
          at = next + (numbers[i]?.length ?? 0) + 1;
          expect(into.count).toBeGreaterThanOrEqual(before);
        }
        const got = into.values.subarray(0, into.count);
        expect(
          Buffer.compare(Buffer.from(got.buffer, 0, got.byteLength), Buffer.from(Float64Array.from(want).buffer)),
        ).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});

test("float32s converts any number of values like Math.fround", () => {
  const bits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const number = bits.map((all) => new Float64Array(BigUint64Array.of(all).buffer)[0] ?? 0);
  const some = fc.oneof(number, fc.float({ noNaN: true }), fc.constantFrom(-0, 3.4028235677973366e38, 2 ** -150));
  const numbers = fc.array(some, { maxLength: 40 }).map((list) => list.filter((value) => !Number.isNaN(value)));
  fc.assert(
    fc.property(numbers, (list) => {
      expect(float32s(Float64Array.from(list))).toEqual(Float32Array.from(list));
    }),
  );
  const many = Float64Array.from({ length: 10_001 }, (_, i) => i / 3);
  expect(float32s(many.subarray(1))).toEqual(new Float32Array(many.subarray(1)));
});
