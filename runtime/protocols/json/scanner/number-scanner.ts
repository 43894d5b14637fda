import type { NumberSink } from "../number-scan.ts";
import { moduleBytes } from "./module.ts";
import { powersOfFive } from "./powers-of-five.ts";
import { scanModule } from "./scan-program.ts";
import { marginBytes, windowBytes, regionNumbers, layout } from "./memory-layout.ts";

/** Reads many numbers at a time, by a WebAssembly program that sees the text through a window. */
export interface NumberScanner {
  /** Appends the numbers from `at` on to `sink`; returns the offset of the first number that it does not read. */
  scan(at: number, sink: NumberSink): number;
}

interface Program {
  readonly scan: (at: number, last: number, next: number) => number;
  readonly toFloat32: (from: number, count: number) => number;
  /** See `shortSlab`. */
  readonly slab: Float64Array;
  /** Output of `toFloat32`. */
  readonly floats: Float32Array;
  readonly text: Uint8Array;
  readonly values: Float64Array;
  /** See `layout.results`. */
  readonly results: Int32Array;
}

let program: Program | undefined;
/** The scanner whose window is in memory. */
let active: object | undefined;

/** A scanner of a text. All scanners share one memory of 192 KiB; the one used last has its window there. */
export function numberScanner(bytes: Buffer): NumberScanner {
  const { scan, text, values, slab, results } = (program ??= instantiate());
  const view = { base: 0, end: 0 };
  const moveTo = (at: number): void => {
    view.base = at;
    view.end = Math.min(bytes.length, at + windowBytes);
    text.set(bytes.subarray(at, view.end));
  };
  const isInView = (at: number): boolean =>
    active === view && at >= view.base && (at < view.end - marginBytes || view.end === bytes.length);
  return {
    scan: (start, sink) => {
      let at = start;
      while (bytes.length - at > marginBytes) {
        if (!isInView(at)) moveTo(at);
        active = view;
        const offset = layout.text - view.base;
        const last = view.end - marginBytes;
        // Numbers scanned into the slab need no copy.
        const isInPlace = sink.values === slab && sink.count < regionNumbers;
        const first = isInPlace ? layout.slab + 8 * sink.count : layout.values;
        at = scan(at + offset, last + offset, first) - offset;
        const read = ((results[0] ?? 0) - first) >> 3;
        if (isInPlace) sink.count += read;
        else append(values, read, sink);
        sink.inexact ||= read > 0 && results[1] !== 0;
        const isFull = (isInPlace ? sink.count : read) === regionNumbers;
        if (!isFull && at < last) break;
      }
      return at;
    },
  };
}

/** The only buffer that the scanner fills without a copy, for the numbers of a short document. The next caller reuses it. */
export function shortSlab(): Float64Array {
  return (program ??= instantiate()).slab;
}

/** Converts numbers to float32 like `Math.fround`, in a third of the time of a JavaScript loop. */
export function float32s(numbers: Float64Array): Float32Array<ArrayBuffer> {
  const { toFloat32, values, slab, floats } = (program ??= instantiate());
  const converted = new Float32Array(numbers.length);
  const isInPlace = numbers.buffer === slab.buffer;
  for (let start = 0; start < numbers.length; start += values.length) {
    const count = Math.min(values.length, numbers.length - start);
    if (!isInPlace) values.set(count === numbers.length ? numbers : numbers.subarray(start, start + count));
    toFloat32(isInPlace ? numbers.byteOffset + 8 * start : layout.values, count);
    converted.set(count === floats.length ? floats : floats.subarray(0, count), start);
  }
  return converted;
}

/** Copying fewer values one by one is faster than `TypedArray.set`. */
const fewValues = 32;

function append(values: Float64Array, read: number, sink: NumberSink): void {
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
  readonly toFloat32: Program["toFloat32"];
}

/** The part of the WebAssembly JavaScript interface that is used: types for Node leave it out. */
interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
}

function instantiate(): Program {
  const { Module, Instance } = Reflect.get(globalThis, "WebAssembly") as WebAssemblyInterface; // every Node has it
  const { memory, scan, toFloat32 } = new Instance(new Module(moduleBytes(scanModule()))).exports;
  const { buffer } = memory;
  new BigUint64Array(buffer, layout.wholePowers, 20).set(
    Array.from({ length: 20 }, (_, power) => 10n ** BigInt(power)),
  );
  new Uint8Array(buffer, layout.shifts, 32).fill(0xff, 0, 16).set(
    Uint8Array.from({ length: 16 }, (_, i) => i),
    16,
  );
  new Float64Array(buffer, layout.exactPowers, 23).set(Array.from({ length: 23 }, (_, power) => Number(`1e${power}`)));
  const fives = powersOfFive();
  new BigUint64Array(buffer, layout.fives, fives.length).set(fives);
  return {
    scan,
    toFloat32,
    floats: new Float32Array(buffer, layout.floats, regionNumbers),
    text: new Uint8Array(buffer, layout.text, windowBytes),
    values: new Float64Array(buffer, layout.values, regionNumbers),
    slab: new Float64Array(buffer, layout.slab, regionNumbers),
    results: new Int32Array(buffer, layout.results, 2),
  };
}
