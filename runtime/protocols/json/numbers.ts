import { type NumberSink, scanNumber } from "./number-scan.ts";
import { type NumberScanner, numberScanner, shortSlab } from "./scanner/number-scanner.ts";

/** A packed array of numbers as it stands in the text. */
export interface PackedNumbers {
  readonly shape: readonly number[];
  readonly values: Float64Array;
  readonly exactIntegers: boolean;
  /** Offset after the closing bracket. */
  readonly end: number;
}

/** A document, as its packed arrays are read. */
export interface NumberText {
  readonly bytes: Buffer;
  /** Reads the same bytes, many numbers at a time. */
  readonly scanner: NumberScanner;
  /** Takes the numbers of all packed arrays, one after the other. */
  readonly slab: NumberSink;
}

interface Packing extends NumberText {
  at: number;
  /** Sizes found so far by level; a level not yet closed is absent. */
  readonly shape: number[];
  /** Level of the innermost lists, once one has closed. */
  leaf: number | undefined;
}

const comma = 0x2c;
const open = 0x5b;
const close = 0x5d;
/** TensorFlow's own bound is 254; deeper than this no model goes. */
const maxRank = 64;

/** Lists of fewer numbers are read without it: each call of the scanner is worth some numbers. */
const fewNumbers = 6;
/** A list with so many other numbers in a row is not made of those that the scanner reads. */
const maxMisses = 8;

/** An array that cannot be packed. */
export interface UnpackedAt {
  readonly shape: undefined;
  /** Offset up to which packing went. */
  readonly end: number;
}

/**
 * Reads an array of numbers, nested to any rank, that starts with `[` at `start`. Anything else in it (a string, an object,
 * NaN, a ragged edge, a syntax error) cannot be packed; the careful parser reads such an array instead.
 */
export function packedNumbers(text: NumberText, start: number): PackedNumbers | UnpackedAt {
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

/** Memory beyond the heap is dear to take and to give back: documents share one of these slabs, one after the other. */
const sharedSlab: NumberSink = { values: new Float64Array(0), count: 0, inexact: false };
const scannerSlab: NumberSink = { values: sharedSlab.values, count: 0, inexact: false };
/** Numbers of documents of so many bytes most often have room in the scanner's slab. */
const shortBytes = 16 * 1024;
/** Numbers of the largest document that shares it: 1 MiB. */
const maxShared = 1 << 17;
/** Of others so many numbers have room at first: memory that is not written costs nothing, but growing copies. */
const maxRoom = 1 << 22;

/** A document with an empty slab, which grows; its memory may be that of the document before. */
export function numberText(bytes: Buffer): NumberText {
  return { bytes, scanner: numberScanner(bytes), slab: numberSlab(bytes.length) };
}

function numberSlab(sizeBytes: number): NumberSink {
  if (sizeBytes <= shortBytes) {
    scannerSlab.values = shortSlab();
    scannerSlab.count = 0;
    return scannerSlab;
  }
  const most = sizeBytes >> 1;
  if (most > maxShared) return { values: new Float64Array(Math.min(most, maxRoom)), count: 0, inexact: false };
  if (sharedSlab.values.length < most) sharedSlab.values = new Float64Array(most);
  sharedSlab.count = 0;
  return sharedSlab;
}

/** Reads one list after its opening bracket. False: not packable. */
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

/** Notes the size of a closed list; false when an earlier list of its level had another. */
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
