/** The strings of a tensor, concatenated: two buffers are transferred to another thread, however many strings there are. */
export interface PackedStrings {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** End offset of each string in `bytes`. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** Strings that were unpacked on this thread: they are packed again by copying, not one by one. */
const packedForms = new WeakMap<readonly Uint8Array[], PackedStrings>();

/** Packs strings into buffers of their own. The total size must be below 2^32 bytes. */
export function packedStrings(strings: readonly Uint8Array[]): PackedStrings {
  const known = packedForms.get(strings);
  if (known !== undefined) return { bytes: known.bytes.slice(), ends: known.ends.slice() };
  const ends = new Uint32Array(strings.length);
  let end = 0;
  for (const [i, { length }] of strings.entries()) {
    end += length;
    ends[i] = end;
  }
  const bytes = new Uint8Array(end);
  for (const [i, string] of strings.entries()) bytes.set(string, (ends[i] ?? 0) - string.length);
  return { bytes, ends };
}

/** Unpacks strings as views of the packed bytes. */
export function unpackedStrings(packed: PackedStrings): readonly Uint8Array[] {
  const { bytes, ends } = packed;
  let start = 0;
  const strings = Array.from(ends, (end) => {
    const string = bytes.subarray(start, end);
    start = end;
    return string;
  });
  packedForms.set(strings, packed);
  return strings;
}
