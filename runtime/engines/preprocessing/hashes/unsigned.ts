/** Arithmetic of unsigned 64-bit numbers. */
const bits = (1n << 64n) - 1n;

/** The lower 64 bits. */
export function low64(value: bigint): bigint {
  return value & bits;
}

/** Turned right by so many bits. */
export function turnedRight(value: bigint, by: bigint): bigint {
  return ((value >> by) | (value << (64n - by))) & bits;
}
