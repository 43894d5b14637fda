/** Truncates to 64 bits. */
export function low64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** Rotates an unsigned 64-bit number right. */
export function rotatedRight(value: bigint, by: bigint): bigint {
  return low64((value >> by) | (value << (64n - by)));
}

/** FarmHash's `ShiftMix`, which TensorFlow's fingerprints share: XORs the upper 17 bits into the lower ones. */
export function shiftMixed(value: bigint): bigint {
  return value ^ (value >> 47n);
}
