import type { Dtype } from "../../../dataplane/tensor.ts";
import { dataTypes } from "./onnx-proto.ts";

/** Element types that ONNX Runtime's binding for Node supports, by their numbers in files. */
const dtypes: ReadonlyMap<number, Dtype> = new Map([
  [dataTypes.float32, "float32"],
  [dataTypes.float64, "float64"],
  [dataTypes.float16, "float16"],
  [dataTypes.int8, "int8"],
  [dataTypes.int16, "int16"],
  [dataTypes.int32, "int32"],
  [dataTypes.int64, "int64"],
  [dataTypes.uint8, "uint8"],
  [dataTypes.uint16, "uint16"],
  [dataTypes.uint32, "uint32"],
  [dataTypes.uint64, "uint64"],
  [dataTypes.bool, "bool"],
  [dataTypes.string, "string"],
]);

/** All element types that can be served. */
export const servedDtypes: readonly Dtype[] = [...dtypes.values()];

/** The element type of an ONNX number; `undefined` for types that cannot be served, such as bfloat16. */
export function dtypeOf(dataType: number): Dtype | undefined {
  return dtypes.get(dataType);
}

/** The name of an ONNX type number, for messages. */
export function dataTypeName(dataType: number): string {
  return Object.entries(dataTypes).find(([, number]) => number === dataType)?.[0] ?? `number ${dataType}`;
}

/** Bits of one element in `raw_data`; `undefined` for strings and unknown types. */
export function elementBits(dataType: number): number | undefined {
  return bits.get(dataType);
}

const bits: ReadonlyMap<number, number> = new Map([
  [dataTypes.float32, 32],
  [dataTypes.float64, 64],
  [dataTypes.float16, 16],
  [dataTypes.bfloat16, 16],
  [dataTypes.int8, 8],
  [dataTypes.int16, 16],
  [dataTypes.int32, 32],
  [dataTypes.int64, 64],
  [dataTypes.uint8, 8],
  [dataTypes.uint16, 16],
  [dataTypes.uint32, 32],
  [dataTypes.uint64, 64],
  [dataTypes.bool, 8],
  [dataTypes.complex64, 64],
  [dataTypes.complex128, 128],
  // FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ, UINT4, INT4, FLOAT4E2M1, FLOAT8E8M0, UINT2, INT2
  ...[17, 18, 19, 20].map((number) => [number, 8] as const),
  ...[21, 22, 23].map((number) => [number, 4] as const),
  [24, 8],
  [25, 2],
  [26, 2],
]);
