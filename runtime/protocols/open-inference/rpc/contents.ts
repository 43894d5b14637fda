import type { Draft } from "../../../base/protobuf/message.ts";
import { protoName } from "../../../base/protobuf/message.ts";
import { type Dtype, type Tensor, elementCount, tensorArrays } from "../../../dataplane/tensor.ts";
import { faults } from "../faults.ts";
import type { Announced } from "../tensors/binary-data.ts";
import { datatypes } from "../tensors/datatypes.ts";
import type { TensorContents } from "./messages.ts";

/** The field that holds the elements of each type; types without one go as raw contents only. */
const fields = {
  bool: "boolContents",
  int8: "intContents",
  int16: "intContents",
  int32: "intContents",
  int64: "int64Contents",
  uint8: "uintContents",
  uint16: "uintContents",
  uint32: "uintContents",
  uint64: "uint64Contents",
  float32: "fp32Contents",
  float64: "fp64Contents",
  string: "bytesContents",
} as const satisfies Readonly<Partial<Record<Dtype, keyof TensorContents>>>;
type Typed = keyof typeof fields;

/** Types whose field has wider numbers than they do. */
const ranges = { int8: [-128, 127], int16: [-32_768, 32_767], uint8: [0, 255], uint16: [0, 65_535] } as const;

/** Whether contents by type can hold it. */
export function isTyped(dtype: Dtype): dtype is Typed {
  return Object.hasOwn(fields, dtype);
}

/** The tensor whose elements are in the field of their type. Shares memory with the message where it can. Throws a Fault. */
export function tensorFromContents(contents: TensorContents | undefined, announced: Announced): Tensor {
  const { dtype, shape, path } = announced;
  if (!isTyped(dtype)) throw faults.DatatypeNotTyped({ path, datatype: datatypes[dtype].name });
  const field = fields[dtype];
  checkFields(contents, field, path);
  const at = `${path}.contents.${protoName(field)}`;
  const values = contents?.[field] ?? [];
  const needed = elementCount(shape);
  if (values.length !== needed) throw faults.DataSize({ path: at, elements: values.length, shape, needed });
  const data = dtype in ranges ? narrowed(dtype as keyof typeof ranges, values as Int32Array, at) : values; // as `fields` has it
  return { dtype, shape, data: needed === 0 ? emptyOf(dtype) : data } as Tensor; // the array of `dtype`, as `fields` has it
}

function emptyOf(dtype: Typed): Tensor["data"] {
  return dtype === "string" ? [] : new tensorArrays[dtype](0);
}

/** Elements in the field of another type are a mistake that would go unseen. */
function checkFields(contents: TensorContents | undefined, expected: keyof TensorContents, path: string): void {
  for (const [name, values] of Object.entries(contents ?? {})) {
    if (name === expected || values.length === 0) continue;
    throw faults.ContentsField({ path: `${path}.contents`, found: protoName(name), expected: protoName(expected) });
  }
}

function narrowed(dtype: keyof typeof ranges, values: Int32Array, path: string): Tensor["data"] {
  const [min, max] = ranges[dtype];
  const index = values.findIndex((value) => value < min || value > max);
  if (index < 0) return new tensorArrays[dtype](values);
  const expected = `a whole number from ${min} to ${max}`;
  throw faults.DataElement({ path, index, found: String(values[index]), expected });
}

/** The elements of an output in the field of their type. */
export function contentsOf({ dtype, data }: Tensor): Draft<TensorContents> {
  if (!isTyped(dtype)) return {};
  const field = fields[dtype];
  if (!(dtype in ranges)) return { [field]: data };
  const narrow = data as Uint8Array; // an array of small integers, as `ranges` has it
  return { [field]: field === "intContents" ? Int32Array.from(narrow) : Uint32Array.from(narrow) };
}
