import type { Draft } from "../../../base/protobuf/message.ts";
import { protoName } from "../../../base/protobuf/message.ts";
import { type Dtype, type Tensor, elementCount, tensorArrays } from "../../../dataplane/tensor.ts";
import { faults } from "../faults.ts";
import type { DeclaredTensor } from "../tensors/binary-data.ts";
import { datatypes } from "../tensors/datatypes.ts";
import type { TensorContents } from "./messages.ts";

/** Contents field of each element type; types without one are sent as raw contents only. */
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

/** Value ranges of the types whose field holds wider numbers. */
const ranges = { int8: [-128, 127], int16: [-32_768, 32_767], uint8: [0, 255], uint16: [0, 65_535] } as const;

/** Whether typed contents can hold the type. */
export function isTyped(dtype: Dtype): dtype is Typed {
  return Object.hasOwn(fields, dtype);
}

/** Decodes typed contents. Shares memory with the message where possible. Throws a Fault. */
export function tensorFromContents(contents: TensorContents | undefined, declared: DeclaredTensor): Tensor {
  const { dtype, shape, path } = declared;
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

/** Refuses elements in the field of another type, which would otherwise be ignored silently. */
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

/** Encodes the elements of an output as typed contents. */
export function contentsOf({ dtype, data }: Tensor): Draft<TensorContents> {
  if (!isTyped(dtype)) return {};
  const field = fields[dtype];
  if (!(dtype in ranges)) return { [field]: data };
  const narrow = data as Uint8Array; // an array of small integers, as `ranges` has it
  return { [field]: field === "intContents" ? Int32Array.from(narrow) : Uint32Array.from(narrow) };
}
