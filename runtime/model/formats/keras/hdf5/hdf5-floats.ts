import { floatOfHalf } from "../../../../base/half-float.ts";
import { attempt, type Hdf5Dataset, Hdf5Error, type Hdf5File, withMemory } from "./hdf5-file.ts";
import { type Hdf5Metadata, hdf5Types } from "./hdf5-module.ts";

/** Bytes that pass through the library's memory at a time; it never gives memory back. */
const blockBytes = 8 * 1024 ** 2;

/** A dataset's elements as float32, whatever numeric type they are stored in. Throws an Hdf5Error. */
export function readFloats(file: Hdf5File, dataset: Hdf5Dataset): Float32Array<ArrayBuffer> {
  const { shape, metadata, path } = dataset;
  const convert = converter(path, metadata);
  const floats = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (floats.length === 0) return floats;
  const [rows = 1, ...inner] = shape;
  const rowLength = floats.length / rows;
  const step = shape.length === 0 ? 1 : rowsPerBlock(metadata, rowLength, rows);
  withMemory(file.module, step * rowLength * metadata.size, (pointer) => {
    for (let row = 0; row < rows; row += step) {
      const count = Math.min(step, rows - row);
      readRows(file, dataset, pointer, shape.length === 0 ? undefined : { row, count, inner });
      const length = count * rowLength;
      const bytes = file.module.HEAPU8.subarray(pointer, pointer + length * metadata.size);
      floats.set(convert(bytes, length), row * rowLength);
    }
  });
  return floats;
}

interface Rows {
  readonly row: number;
  readonly count: number;
  readonly inner: readonly number[];
}

function readRows(file: Hdf5File, { path }: Hdf5Dataset, pointer: number, rows: Rows | undefined): void {
  const count = rows === undefined ? null : [rows.count, ...rows.inner].map(BigInt);
  const offset = rows === undefined ? null : [rows.row, ...rows.inner.map(() => 0)].map(BigInt);
  const strides = count?.map(() => 1n) ?? null;
  const status = attempt(path, () =>
    file.module.get_dataset_data(file.id, path, count, offset, strides, BigInt(pointer)),
  );
  if (status < 0) throw new Hdf5Error(path, "its data cannot be read: it is damaged, cut short or in another file");
}

/** Whole chunks, so that none is unpacked twice. */
function rowsPerBlock(metadata: Hdf5Metadata, rowLength: number, rows: number): number {
  const chunkRows = metadata.chunks?.[0] ?? 1;
  const fitting = Math.floor(blockBytes / Math.max(1, rowLength * metadata.size * chunkRows));
  return Math.min(rows, Math.max(1, fitting) * chunkRows);
}

type Elements = (bytes: Uint8Array, length: number) => ArrayLike<number>;

/** By type class, size in bytes and sign. The library hands out little-endian elements of the stored type. */
const elements: ReadonlyMap<string, Elements> = new Map([
  ["float4", viewOf(Float32Array)],
  ["float8", viewOf(Float64Array)],
  ["float2", halves],
  ["int8", (bytes, length) => wide(new BigInt64Array(bytes.buffer, bytes.byteOffset, length))],
  ["uint8", (bytes, length) => wide(new BigUint64Array(bytes.buffer, bytes.byteOffset, length))],
  ["int4", viewOf(Int32Array)],
  ["int2", viewOf(Int16Array)],
  ["int1", viewOf(Int8Array)],
  ["uint4", viewOf(Uint32Array)],
  ["uint2", viewOf(Uint16Array)],
  ["uint1", viewOf(Uint8Array)],
]);

function converter(path: string, { type, size, signed }: Hdf5Metadata): Elements {
  const integer = signed ? "int" : "uint";
  const kind = type === hdf5Types.float ? "float" : type === hdf5Types.integer ? integer : "other";
  const convert = elements.get(`${kind}${size}`);
  if (convert === undefined) throw new Hdf5Error(path, "its elements are not numbers of at most 64 bits");
  return convert;
}

function viewOf(View: new (buffer: ArrayBufferLike, start: number, length: number) => ArrayLike<number>): Elements {
  return (bytes, length) => new View(bytes.buffer, bytes.byteOffset, length);
}

function wide(integers: BigInt64Array | BigUint64Array): Float64Array {
  return Float64Array.from(integers, Number);
}

/** IEEE 754 binary16. */
function halves(bytes: Uint8Array, length: number): Float32Array {
  const bits = new Uint16Array(bytes.buffer, bytes.byteOffset, length);
  return Float32Array.from(bits, floatOfHalf);
}
