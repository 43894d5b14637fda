/** A 32-bit hash, the same in every gateway: FNV-1a with MurmurHash3's finalizer. */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The hash as a fraction, 0 ≤ x < 1. */
export function textFraction(text: string): number {
  return textHash(text) / 2 ** 32;
}
