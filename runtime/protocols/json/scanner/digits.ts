import { type Code, type Local, i32, i64, sequence, v128 } from "./instructions.ts";

/** Constant vectors that a program loads once, since each load takes several instructions. */
export interface DigitVectors {
  readonly zeros: Local;
  readonly nines: Local;
  readonly tens: Local;
  readonly hundreds: Local;
  readonly tenThousands: Local;
}

/** Code that sets these constants. */
export function setDigitVectors({ zeros, nines, tens, hundreds, tenThousands }: DigitVectors): Code {
  return sequence(
    zeros.set(v128.const(shorts(0x3030))),
    nines.set(v128.const(shorts(0x0909))),
    tens.set(v128.const(shorts(10 * 256 + 1))),
    hundreds.set(v128.const(shorts(100, 1))),
    tenThousands.set(v128.const(shorts(10_000, 1))),
  );
}

/**
 * Converts sixteen digits, each already reduced by "0", to two integers of eight digits in 32 bits each, the first in the lower
 * half (as simdjson's `parse_sixteen_digits`; Muła, "SIMD-ized parsing of numbers", 2014).
 */
export function sixteenDigits(digits: Code, { tens, hundreds, tenThousands }: DigitVectors): Code {
  const pairs = v128.shrU16(v128.mul16(digits, tens.value), i32.const(8));
  const fours = v128.dot16(pairs, hundreds.value);
  return v128.lowerHalf(v128.dot16(v128.narrowTo16(fours, fours), tenThousands.value));
}

/** The sixteen bytes of a vector that repeats these 16-bit integers. */
function shorts(...numbers: readonly number[]): readonly number[] {
  return Array.from({ length: 16 }, (_, i) => ((numbers[(i >> 1) % numbers.length] ?? 0) >> (8 * (i & 1))) & 0xff);
}

/**
 * Converts eight digits, each already reduced by "0", the first in the lowest byte, to an integer (Lemire, "Quickly parsing eight
 * digits", 2018). Overwrites `word`.
 */
export function eightDigits(word: Local): Code {
  const everyFourth = i64.const(0x000000ff000000ffn);
  const pairs = i64.add(i64.mul(word.value, i64.const(10n)), i64.shrU(word.value, i64.const(8n)));
  const lower = i64.mul(i64.and(word.tee(pairs), everyFourth), i64.const(100n + (1_000_000n << 32n)));
  const upper = i64.mul(i64.and(i64.shrU(word.value, i64.const(16n)), everyFourth), i64.const(1n + (10_000n << 32n)));
  return i64.shrU(i64.add(lower, upper), i64.const(32n));
}
