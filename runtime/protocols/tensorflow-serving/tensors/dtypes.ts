import type { Dtype } from "../../../dataplane/tensor.ts";

interface DtypeNames {
  /** Name in error messages (TensorFlow's DataTypeString). */
  readonly text: string;
  /** Name in metadata (TensorFlow's DataType enum). */
  readonly proto: string;
}

/** TensorFlow's names of the element types. */
export const dtypeNames: Readonly<Record<Dtype, DtypeNames>> = {
  float32: { text: "float", proto: "DT_FLOAT" },
  float64: { text: "double", proto: "DT_DOUBLE" },
  float16: { text: "half", proto: "DT_HALF" },
  bfloat16: { text: "bfloat16", proto: "DT_BFLOAT16" },
  int8: { text: "int8", proto: "DT_INT8" },
  int16: { text: "int16", proto: "DT_INT16" },
  int32: { text: "int32", proto: "DT_INT32" },
  int64: { text: "int64", proto: "DT_INT64" },
  uint8: { text: "uint8", proto: "DT_UINT8" },
  uint16: { text: "uint16", proto: "DT_UINT16" },
  uint32: { text: "uint32", proto: "DT_UINT32" },
  uint64: { text: "uint64", proto: "DT_UINT64" },
  bool: { text: "bool", proto: "DT_BOOL" },
  string: { text: "string", proto: "DT_STRING" },
  complex64: { text: "complex64", proto: "DT_COMPLEX64" },
  complex128: { text: "complex128", proto: "DT_COMPLEX128" },
};
