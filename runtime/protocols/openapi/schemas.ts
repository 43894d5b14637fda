import type { Dtype } from "../../dataplane/tensor.ts";

/** A JSON Schema (2020-12, as OpenAPI 3.1 uses it). */
export type Schema = Readonly<Record<string, unknown>>;

interface WireForm {
  /** Datatype name in the Open Inference Protocol. */
  readonly datatype: string;
  /** Schema of one element; absent for types that JSON cannot represent. */
  readonly element?: Schema;
  /** TensorFlow Serving's JSON cannot represent the type, though the Open Inference Protocol's can. */
  readonly onlyOpenInference?: true;
}

function integer(datatype: string, minimum: number, maximum: number): WireForm {
  return { datatype, element: { type: "integer", minimum, maximum } };
}

const number: Schema = { type: "number" };

/** Wire representation of each element type. */
export const wireForms: Readonly<Record<Dtype, WireForm>> = {
  float32: { datatype: "FP32", element: { ...number, format: "float" } },
  float64: { datatype: "FP64", element: { ...number, format: "double" } },
  float16: { datatype: "FP16" },
  bfloat16: { datatype: "BF16" },
  int8: integer("INT8", -128, 127),
  int16: integer("INT16", -32_768, 32_767),
  int32: integer("INT32", -2_147_483_648, 2_147_483_647),
  int64: { datatype: "INT64", element: { type: "integer", format: "int64" } },
  uint8: integer("UINT8", 0, 255),
  uint16: { ...integer("UINT16", 0, 65_535), onlyOpenInference: true },
  uint32: integer("UINT32", 0, 4_294_967_295),
  uint64: { datatype: "UINT64", element: { type: "integer", format: "uint64", minimum: 0 } },
  bool: { datatype: "BOOL", element: { type: "boolean" } },
  string: { datatype: "BYTES", element: { type: "string" } },
  complex64: { datatype: "COMPLEX64" },
  complex128: { datatype: "COMPLEX128" },
};

/** The schema of arrays nested by `shape`; -1 is any length. */
export function nestedSchema(element: Schema, shape: readonly number[]): Schema {
  return shape.reduceRight<Schema>(
    (items, size) => ({ type: "array", items, ...(size === -1 ? {} : { minItems: size, maxItems: size }) }),
    element,
  );
}

/** The schema of an object with these fields, required unless in `optional`. */
export function objectSchema(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return { type: "object", properties, required: Object.keys(properties).filter((key) => !optional.includes(key)) };
}
