/** Texts one behind the other: two pieces of memory move to another thread, however many texts they are. */
export interface PackedTexts {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each text ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** All bytes must be fewer than 2^32. */
export function packedTexts(texts: readonly Uint8Array[]): PackedTexts {
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (const [i, { length }] of texts.entries()) {
    end += length;
    ends[i] = end;
  }
  const bytes = new Uint8Array(end);
  for (const [i, text] of texts.entries()) bytes.set(text, (ends[i] ?? 0) - text.length);
  return { bytes, ends };
}

/** The same texts; they share the memory that they came in. */
export function unpackedTexts({ bytes, ends }: PackedTexts): readonly Uint8Array[] {
  let start = 0;
  return Array.from(ends, (end) => {
    const text = bytes.subarray(start, end);
    start = end;
    return text;
  });
}
