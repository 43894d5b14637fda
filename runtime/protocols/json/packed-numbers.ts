import { type NumberSink, scanNumber } from "./number-scan.ts";
import { type NumberScanner, numberScanner, shortSlab } from "./scanner/number-scanner.ts";

/** A packed array of numbers, and where it ends in the text. */
export interface PackedNumbers {
  readonly shape: readonly number[];
  readonly values: Float64Array;
  readonly exactIntegers: boolean;
  /** Offset after the closing bracket. */
  readonly end: number;
}

/** What `packedNumbers` reads a document with. */
export interface PackingSource {
  readonly bytes: Buffer;
  /** Scans the same bytes, many numbers at a time. */
  readonly scanner: NumberScanner;
  /** Buffer for the numbers of all packed arrays of the document, appended one after the other. */
  readonly slab: NumberSink;
}

interface Packing extends PackingSource {
  at: number;
  /** Array sizes found so far, by nesting level; absent for a level whose first array is still open. */
  readonly shape: number[];
  /** Nesting level of the innermost arrays, once known. */
  leaf: number | undefined;
}

const comma = 0x2c;
const open = 0x5b;
const close = 0x5d;
/** TensorFlow's limit is 254; no real model needs more than this. */
const maxRank = 64;

/** Shorter arrays are read without the scanner: one call to it costs as much as reading some numbers. */
const fewNumbers = 6;
/** After so many consecutive numbers that the scanner cannot read, the rest of an array is read without it. */
const maxMisses = 8;

/** An array that cannot be packed. */
export interface UnpackedAt {
  readonly shape: undefined;
  /** Offset at which packing failed. */
  readonly end: number;
}

/**
 * Reads an array of numbers, nested to any rank, that starts with `[` at `start`. An array with anything else in it (a string, an
 * object, NaN, rows of unequal size, a syntax error) cannot be packed; the caller parses it element by element.
 */
export function packedNumbers(text: PackingSource, start: number): PackedNumbers | UnpackedAt {
  const { slab } = text;
  const first = slab.count;
  slab.inexact = false;
  const packing: Packing = { ...text, at: start + 1, shape: [], leaf: undefined };
  if (!packList(packing, 0)) {
    slab.count = first;
    return { shape: undefined, end: packing.at };
  }
  const { shape, at: end } = packing;
  return { shape, values: slab.values.subarray(first, slab.count), exactIntegers: !slab.inexact, end };
}

/** Allocating and freeing off-heap memory is expensive, so successive documents share one of these slabs. */
const sharedSlab: NumberSink = { values: new Float64Array(0), count: 0, inexact: false };
const scannerSlab: NumberSink = { values: sharedSlab.values, count: 0, inexact: false };
/** The numbers of documents of up to so many bytes usually fit the scanner's slab. */
const shortBytes = 16 * 1024;
/** Capacity limit of the shared slab, in numbers (1 MiB). */
const maxShared = 1 << 17;
/** Initial capacity limit of an unshared slab, in numbers: untouched memory costs nothing, but growing copies. */
const maxInitial = 1 << 22;

/** Prepares a document for `packedNumbers`. Its slab grows on demand and may reuse the memory of the previous document's. */
export function packingSource(bytes: Buffer): PackingSource {
  return { bytes, scanner: numberScanner(bytes), slab: numberSlab(bytes.length) };
}

function numberSlab(sizeBytes: number): NumberSink {
  if (sizeBytes <= shortBytes) {
    scannerSlab.values = shortSlab();
    scannerSlab.count = 0;
    return scannerSlab;
  }
  const most = sizeBytes >> 1;
  if (most > maxShared) return { values: new Float64Array(Math.min(most, maxInitial)), count: 0, inexact: false };
  if (sharedSlab.values.length < most) sharedSlab.values = new Float64Array(most);
  sharedSlab.count = 0;
  return sharedSlab;
}

/** Reads one array after its opening bracket; false when it cannot be packed. */
function packList(packing: Packing, level: number): boolean {
  const at = skipSpace(packing.bytes, packing.at);
  packing.at = at;
  if (packing.bytes[at] === open) return level < maxRank && packLists(packing, level);
  if (packing.leaf !== undefined && packing.leaf !== level) return false;
  packing.leaf = level;
  if (packing.bytes[at] === close) {
    packing.at = at + 1;
    return fits(packing, level, 0);
  }
  return packLeaf(packing, level);
}

function packLists(packing: Packing, level: number): boolean {
  const { bytes } = packing;
  for (let size = 1; ; size++) {
    if (bytes[packing.at] !== open) return false;
    packing.at += 1;
    if (!packList(packing, level + 1)) return false;
    const at = skipSpace(bytes, packing.at);
    if (bytes[at] === close) {
      packing.at = at + 1;
      return fits(packing, level, size);
    }
    if (bytes[at] !== comma) return false;
    packing.at = skipSpace(bytes, at + 1);
  }
}

function packLeaf(packing: Packing, level: number): boolean {
  const { bytes, scanner, slab } = packing;
  const first = slab.count;
  let at = packing.at;
  const known = packing.shape[level];
  let misses = known !== undefined && known < fewNumbers ? maxMisses : 0;
  for (;;) {
    if (misses < maxMisses) {
      const next = scanner.scan(at, slab);
      misses = next === at ? misses + 1 : 0;
      at = skipSpace(bytes, next);
    }
    packing.at = at;
    if (slab.count === slab.values.length) slab.values = grown(slab.values);
    at = scanNumber(bytes, at, slab);
    if (at < 0) return false;
    if (bytes[at] !== comma) {
      at = skipSpace(bytes, at);
      if (bytes[at] === close) break;
      if (bytes[at] !== comma) return false;
    }
    at = skipSpace(bytes, at + 1);
  }
  packing.at = at + 1;
  return fits(packing, level, slab.count - first);
}

/** Records the size of a closed array; false when an earlier array of its level had a different size. */
function fits(packing: Packing, level: number, size: number): boolean {
  const known = packing.shape[level];
  if (known === undefined) packing.shape[level] = size;
  return known === undefined || known === size;
}

function grown(values: Float64Array): Float64Array {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}

/** Offset of the first byte from `at` on that is not JSON white space. */
export function skipSpace(bytes: Buffer, at: number): number {
  let end = at;
  for (;;) {
    const byte = bytes[end];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return end;
    end += 1;
  }
}
