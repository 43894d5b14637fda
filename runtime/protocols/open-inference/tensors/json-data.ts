import { type Dtype, type Tensor, type TensorData, elementCount, tensorArrays } from "../../../dataplane/tensor.ts";
import { float32s } from "../../json/scanner/number-scanner.ts";
import { type JsonArray, type JsonNumbers, type JsonValue, itemsOf } from "../../json/value.ts";
import { faults } from "../faults.ts";
import { displayText } from "../fields.ts";
import type { DeclaredTensor } from "./binary-data.ts";
import { datatypes } from "./datatypes.ts";

/** Decodes a JSON array, flat or nested evenly, in row-major order. Throws a Fault with the index of the invalid element. */
export function tensorFromJson(value: JsonValue, declared: DeclaredTensor): Tensor {
  const { dtype, shape, path } = declared;
  if (!datatypes[dtype].inJson) throw faults.DatatypeNotInJson({ path, datatype: datatypes[dtype].name });
  if (value.kind !== "numbers" && value.kind !== "array") {
    throw faults.FieldInvalid({ path, found: displayText(value), expected: "a list of the elements" });
  }
  const isPacked = value.kind === "numbers" && (value.exactIntegers || !isWide(dtype));
  const elements: Elements = isPacked ? { path, packed: value } : { path, items: flattened(value, path) };
  const count = countOf(elements);
  const needed = elementCount(shape);
  if (count !== needed) throw faults.DataSize({ path, elements: count, shape, needed });
  return { dtype, shape, data: dataOf(dtype, elements) } as Tensor; // `dataOf` returns the array for `dtype`
}

/** The elements in row-major order: packed, or as separate values. */
type Elements = { readonly path: string } & (
  | { readonly packed: JsonNumbers; readonly items?: never }
  | { readonly packed?: never; readonly items: readonly JsonValue[] }
);

function countOf(elements: Elements): number {
  return elements.packed === undefined ? elements.items.length : elements.packed.values.length;
}

function dataOf(dtype: Dtype, elements: Elements): TensorData[Dtype] {
  switch (dtype) {
    case "float32":
    case "float64":
      return floats(dtype, elements);
    case "int64":
    case "uint64":
      return wideIntegers(dtype, elements);
    case "bool":
      return Uint8Array.from(itemsIn(elements), (item, index) => {
        if (item.kind !== "boolean") throw invalidElement(elements, index, item, "true or false");
        return item.value ? 1 : 0;
      });
    case "string":
      return itemsIn(elements).map((item, index) => {
        if (item.kind !== "string") throw invalidElement(elements, index, item, "a string");
        return Buffer.from(item.value);
      });
    case "float16":
    case "bfloat16":
    case "complex64":
    case "complex128":
      return new tensorArrays[dtype](0);
    default:
      return integers(dtype, elements);
  }
}

/** Accepts NaN and infinities as Python writes them, since responses contain them too. */
function floats(dtype: "float32" | "float64", elements: Elements): Float32Array | Float64Array {
  const { packed } = elements;
  if (packed !== undefined) return dtype === "float32" ? float32s(packed.values) : new Float64Array(packed.values);
  const data = new tensorArrays[dtype](elements.items.length);
  for (const [index, item] of elements.items.entries()) {
    if (item.kind !== "number") throw invalidElement(elements, index, item, "a number");
    data[index] = item.value;
  }
  return data;
}

const ranges = {
  int8: [-128, 127],
  int16: [-32_768, 32_767],
  int32: [-2_147_483_648, 2_147_483_647],
  uint8: [0, 255],
  uint16: [0, 65_535],
  uint32: [0, 4_294_967_295],
} as const;

function integers(dtype: keyof typeof ranges, elements: Elements): TensorData[typeof dtype] {
  const [min, max] = ranges[dtype];
  const fits = (value: number): boolean => value >= min && value <= max && Number.isInteger(value);
  const expected = `a whole number from ${min} to ${max}`;
  if (elements.packed !== undefined) {
    const { values } = elements.packed;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? 0;
      if (!fits(value)) throw invalidElement(elements, index, { kind: "number", value }, expected);
    }
    return new tensorArrays[dtype](values);
  }
  const data = new tensorArrays[dtype](elements.items.length);
  for (const [index, item] of elements.items.entries()) {
    if (item.kind !== "number" || !fits(item.value)) throw invalidElement(elements, index, item, expected);
    data[index] = item.value;
  }
  return data;
}

const wideRanges = { int64: [-(2n ** 63n), 2n ** 63n - 1n], uint64: [0n, 2n ** 64n - 1n] } as const;

/** Types with integers that a double cannot represent. */
function isWide(dtype: Dtype): boolean {
  return dtype === "int64" || dtype === "uint64";
}

function wideIntegers(dtype: keyof typeof wideRanges, elements: Elements): BigInt64Array | BigUint64Array {
  const [min, max] = wideRanges[dtype];
  const count = countOf(elements);
  const data = new tensorArrays[dtype](count);
  for (let index = 0; index < count; index++) {
    const item = elements.items?.[index];
    const integer = item === undefined ? BigInt(elements.packed?.values[index] ?? 0) : exactInteger(item);
    if (integer === undefined || integer < min || integer > max) {
      const refused = item ?? { kind: "number", value: Number(integer) };
      throw invalidElement(elements, index, refused, `a whole number from ${min} to ${max}`);
    }
    data[index] = integer;
  }
  return data;
}

function exactInteger(item: JsonValue): bigint | undefined {
  if (item.kind !== "number") return undefined;
  return item.integer ?? (Number.isSafeInteger(item.value) ? BigInt(item.value) : undefined);
}

function itemsIn(elements: Elements): readonly JsonValue[] {
  return elements.packed === undefined ? elements.items : flattened(elements.packed, elements.path);
}

function invalidElement({ path }: Elements, index: number, item: JsonValue, expected: string): Error {
  return faults.DataElement({ path, index, found: displayText(item), expected });
}

function flattened(list: JsonArray | JsonNumbers, path: string): readonly JsonValue[] {
  const items: JsonValue[] = [];
  flatten(list, path, items);
  return items;
}

const single: readonly number[] = [];

/** Appends the elements of a nested array to `into` and returns its shape. */
function flatten(list: JsonArray | JsonNumbers, path: string, into: JsonValue[]): readonly number[] {
  const items = itemsOf(list);
  let inner: readonly number[] | undefined;
  for (const item of items) {
    const isList = item.kind === "array" || item.kind === "numbers";
    const found = isList ? flatten(item, path, into) : single;
    if (!isList) into.push(item);
    inner ??= found;
    if (!isEqual(found, inner)) throw faults.DataRagged({ path });
  }
  return [items.length, ...(inner ?? [])];
}

function isEqual(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((size, level) => size === b[level]));
}
