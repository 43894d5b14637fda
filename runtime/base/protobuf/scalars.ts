import { type WireReader, wireTypes } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

/** Values of scalar fields by kind. `safe64` is an int64 on the wire and a number here; numbers beyond 2^53 are refused. */
export interface ScalarValues {
  readonly double: number;
  readonly float: number;
  readonly int32: number;
  readonly uint32: number;
  readonly fixed32: number;
  readonly enum: number;
  readonly safe64: number;
  readonly int64: bigint;
  readonly uint64: bigint;
  readonly bool: boolean;
  readonly string: string;
  readonly bytes: Uint8Array;
}
/** Scalar types by their names in `.proto` files. */
export type ScalarKind = keyof ScalarValues;

/** Encoding of one scalar kind. */
export interface Scalar<Value> {
  readonly wireType: number;
  readonly empty: Value;
  read(reader: WireReader): Value;
  write(writer: WireWriter, value: Value): void;
}

const { varint, fixed64, fixed32, bytes } = wireTypes;

/** Encodings of all scalar kinds in use. */
export const scalars: { readonly [K in ScalarKind]: Scalar<ScalarValues[K]> } = {
  double: { wireType: fixed64, empty: 0, read: (r) => r.double(), write: (w, value) => w.double(value) },
  float: { wireType: fixed32, empty: 0, read: (r) => r.float(), write: (w, value) => w.float(value) },
  int32: { wireType: varint, empty: 0, read: (r) => r.int32(), write: (w, value) => w.int32(value) },
  uint32: { wireType: varint, empty: 0, read: (r) => r.uint32(), write: (w, value) => w.uint32(value) },
  fixed32: { wireType: fixed32, empty: 0, read: (r) => r.fixed32(), write: (w, value) => w.fixed32(value) },
  enum: { wireType: varint, empty: 0, read: (r) => r.int32(), write: (w, value) => w.int32(value) },
  safe64: { wireType: varint, empty: 0, read: (r) => r.safeInt64(), write: (w, value) => w.safeInt64(value) },
  int64: { wireType: varint, empty: 0n, read: (r) => r.int64(), write: (w, value) => w.int64(value) },
  uint64: { wireType: varint, empty: 0n, read: (r) => r.uint64(), write: (w, value) => w.int64(value) },
  bool: { wireType: varint, empty: false, read: (r) => r.bool(), write: (w, value) => w.uint32(value ? 1 : 0) },
  string: { wireType: bytes, empty: "", read: (r) => r.string(), write: (w, value) => w.string(value) },
  bytes: { wireType: bytes, empty: new Uint8Array(0), read: (r) => r.bytes(), write: (w, value) => w.bytes(value) },
};
