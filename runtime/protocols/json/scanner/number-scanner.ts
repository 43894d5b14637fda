import { moduleBytes } from "./module.ts";
import { powersOfFive } from "./powers-of-five.ts";
import { scanModule } from "./scan-program.ts";
import { marginBytes, maxTextBytes, placeNumbers, places } from "./places.ts";

/** Reads many numbers at a time from a text that it holds a window of. */
export interface NumberScanner {
  /** Appends numbers from `at` on; the offset of the first that it leaves to others. */
  scan(at: number, sink: ScannedNumbers): number;
}

/** Where numbers go, and what was seen of them. */
export interface ScannedNumbers {
  values: Float64Array;
  count: number;
  inexact: boolean;
}

interface Program {
  readonly scan: (at: number, last: number, next: number) => number;
  readonly narrow: (from: number, count: number) => number;
  /** What `shortSlab` gives. */
  readonly slab: Float64Array;
  /** Values once they are narrowed. */
  readonly floats: Float32Array;
  readonly text: Uint8Array;
  readonly values: Float64Array;
  /** See `places.results`. */
  readonly results: Int32Array;
}

let program: Program | undefined;
/** Whose window the memory holds. */
let holder: object | undefined;

/** A scanner of a text. All share one memory of 192 KiB: the last that was asked holds it. */
export function numberScanner(bytes: Buffer): NumberScanner {
  const { scan, text, values, slab, results } = (program ??= instantiated());
  const view = { base: 0, end: 0 };
  const moveTo = (at: number): void => {
    view.base = at;
    view.end = Math.min(bytes.length, at + maxTextBytes);
    text.set(bytes.subarray(at, view.end));
  };
  const isInView = (at: number): boolean =>
    holder === view && at >= view.base && (at < view.end - marginBytes || view.end === bytes.length);
  return {
    scan: (start, sink) => {
      let at = start;
      while (bytes.length - at > marginBytes) {
        if (!isInView(at)) moveTo(at);
        holder = view;
        const offset = places.text - view.base;
        const last = view.end - marginBytes;
        // In the slab a number stands where it is wanted.
        const isInPlace = sink.values === slab && sink.count < placeNumbers;
        const first = isInPlace ? places.slab + 8 * sink.count : places.values;
        at = scan(at + offset, last + offset, first) - offset;
        const read = ((results[0] ?? 0) - first) >> 3;
        if (isInPlace) sink.count += read;
        else append(values, read, sink);
        sink.inexact ||= read > 0 && results[1] !== 0;
        const isFull = (isInPlace ? sink.count : read) === placeNumbers;
        if (!isFull && at < last) break;
      }
      return at;
    },
  };
}

/** Memory for the numbers of a short document, in which the scanner puts them without a copy. There is one: who asks next has it. */
export function shortSlab(): Float64Array {
  return (program ??= instantiated()).slab;
}

/** Numbers as float32, as `Math.fround` makes them: a loop of JavaScript takes three times as long. */
export function float32s(numbers: Float64Array): Float32Array<ArrayBuffer> {
  const { narrow, values, slab, floats } = (program ??= instantiated());
  const narrowed = new Float32Array(numbers.length);
  const isInPlace = numbers.buffer === slab.buffer;
  for (let start = 0; start < numbers.length; start += values.length) {
    const count = Math.min(values.length, numbers.length - start);
    if (!isInPlace) values.set(count === numbers.length ? numbers : numbers.subarray(start, start + count));
    narrow(isInPlace ? numbers.byteOffset + 8 * start : places.values, count);
    narrowed.set(count === floats.length ? floats : floats.subarray(0, count), start);
  }
  return narrowed;
}

/** Fewer values are copied one by one sooner. */
const fewValues = 32;

function append(values: Float64Array, read: number, sink: ScannedNumbers): void {
  const { count } = sink;
  if (count + read > sink.values.length) {
    const larger = new Float64Array(Math.max(count + read, sink.values.length * 2));
    larger.set(sink.values.subarray(0, count));
    sink.values = larger;
  }
  if (read < fewValues) for (let i = 0; i < read; i++) sink.values[count + i] = values[i] ?? 0;
  else sink.values.set(read === values.length ? values : values.subarray(0, read), count);
  sink.count = count + read;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly scan: Program["scan"];
  readonly narrow: Program["narrow"];
}

/** The part of the WebAssembly JavaScript interface that is used: types for Node leave it out. */
interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
}

function instantiated(): Program {
  const { Module, Instance } = Reflect.get(globalThis, "WebAssembly") as WebAssemblyInterface; // every Node has it
  const { memory, scan, narrow } = new Instance(new Module(moduleBytes(scanModule()))).exports;
  const { buffer } = memory;
  new BigUint64Array(buffer, places.wholePowers, 20).set(
    Array.from({ length: 20 }, (_, power) => 10n ** BigInt(power)),
  );
  new Uint8Array(buffer, places.shifts, 32).fill(0xff, 0, 16).set(
    Uint8Array.from({ length: 16 }, (_, i) => i),
    16,
  );
  new Float64Array(buffer, places.exactPowers, 23).set(Array.from({ length: 23 }, (_, power) => Number(`1e${power}`)));
  const fives = powersOfFive();
  new BigUint64Array(buffer, places.fives, fives.length).set(fives);
  return {
    scan,
    narrow,
    floats: new Float32Array(buffer, places.floats, placeNumbers),
    text: new Uint8Array(buffer, places.text, maxTextBytes),
    values: new Float64Array(buffer, places.values, placeNumbers),
    slab: new Float64Array(buffer, places.slab, placeNumbers),
    results: new Int32Array(buffer, places.results, 2),
  };
}
