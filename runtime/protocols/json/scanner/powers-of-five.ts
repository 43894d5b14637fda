/** Smallest power of ten in the table. The range covers any float32 written with 19 digits, and more. */
export const minPower = -64;
/** Largest power of ten in the table. Numbers with larger exponents are left to the slow path. */
export const maxPower = 64;

/**
 * The upper 128 bits of 5**p for each p from `minPower` to `maxPower`, as two 64-bit words, the upper one first. Reciprocals are
 * rounded up (Lemire, "Number parsing at a gigabyte per second", 2021).
 */
export function powersOfFive(): BigUint64Array {
  const words = new BigUint64Array(2 * (maxPower - minPower + 1));
  for (let power = minPower; power <= maxPower; power++) {
    const bits = power < 0 ? reciprocal(5n ** BigInt(-power), power) : upperBits(5n ** BigInt(power));
    const at = 2 * (power - minPower);
    words[at] = bits >> 64n;
    words[at + 1] = BigInt.asUintN(64, bits);
  }
  return words;
}

/** The smallest power whose reciprocal is exact enough with 128 bits for products with 64-bit integers. */
const minExactPower = -27;

function reciprocal(five: bigint, power: number): bigint {
  const size = BigInt(five.toString(2).length);
  const exponent = power >= minExactPower ? size + 127n : 2n * size + 128n;
  return truncated((1n << exponent) / five + 1n);
}

function upperBits(five: bigint): bigint {
  const size = five.toString(2).length;
  return size >= 128 ? truncated(five) : five << BigInt(128 - size);
}

function truncated(bits: bigint): bigint {
  const excess = bits.toString(2).length - 128;
  return excess > 0 ? bits >> BigInt(excess) : bits;
}
