/** Texts one behind the other: two pieces of memory move to another thread, however many texts they are. */
export interface PackedTexts {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each text ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** Texts that came packed: they go on so. */
const packs = new WeakMap<readonly Uint8Array[], PackedTexts>();

/** In memory of its own. All bytes must be fewer than 2^32. */
export function packedTexts(texts: readonly Uint8Array[]): PackedTexts {
  const known = packs.get(texts);
  if (known !== undefined) return { bytes: known.bytes.slice(), ends: known.ends.slice() };
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
export function unpackedTexts(pack: PackedTexts): readonly Uint8Array[] {
  const { bytes, ends } = pack;
  let start = 0;
  const texts = Array.from(ends, (end) => {
    const text = bytes.subarray(start, end);
    start = end;
    return text;
  });
  packs.set(texts, pack);
  return texts;
}
