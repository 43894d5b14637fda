/** The lower 64 bits. */
export function low64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** An unsigned number of 64 bits turned right by so many bits. */
export function turnedRight(value: bigint, by: bigint): bigint {
  return low64((value >> by) | (value << (64n - by)));
}

/** Its upper 17 bits mixed into its lower ones: FarmHash's `ShiftMix`, which TensorFlow's fingerprints share. */
export function shiftMixed(value: bigint): bigint {
  return value ^ (value >> 47n);
}
