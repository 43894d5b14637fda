import { type Dtype, elementCount, type Tensor, tensorArrays } from "../../../../dataplane/tensor.ts";
import { shapeOf } from "./attributes.ts";
import { elementBytes, elementType, elementTypeName } from "./element-types.ts";
import type { TensorProto } from "./graph-proto.ts";
import { GraphError } from "./source-graph.ts";

/** Remaining memory for constants that are stored in compressed form. */
export interface ExpansionBudget {
  leftBytes: number;
}

/** Decodes a TensorProto. Throws a GraphError before it allocates more than the budget. */
export function constantTensor(proto: TensorProto, budget: ExpansionBudget): Tensor {
  const dtype = elementType(proto.dtype);
  if (dtype === undefined) throw new GraphError(`it holds a value of type ${elementTypeName(proto.dtype)}`);
  const shape = proto.tensorShape === undefined ? [] : shapeOf(proto.tensorShape);
  if (shape === undefined || shape.some((size) => size < 0)) throw new GraphError("a value has no definite shape");
  const count = elementCount(shape);
  if (dtype === "string") return { dtype, shape, data: strings(proto, count, budget) };
  if (proto.tensorContent.length > 0) return tensorOfBytes(dtype, shape, proto.tensorContent);
  return { dtype, shape, data: expanded(dtype, proto, count, budget) } as Tensor; // the array that belongs to `dtype`
}

/** A tensor of little-endian elements. Throws a GraphError when the bytes do not match the shape. */
export function tensorOfBytes(dtype: Dtype, shape: readonly number[], bytes: Uint8Array): Tensor {
  if (dtype === "string") throw new GraphError("texts have no fixed size");
  const sizeBytes = elementCount(shape) * elementBytes[dtype];
  if (sizeBytes !== bytes.length) {
    throw new GraphError(`a value of shape [${shape.join(",")}] takes ${sizeBytes} bytes; it has ${bytes.length}`);
  }
  const buffer = new ArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return { dtype, shape, data: new tensorArrays[dtype](buffer) } as Tensor; // as above
}

/** Expands a list whose last element repeats to the end; an empty list means zeros. */
function expanded(
  dtype: Exclude<Dtype, "string">,
  proto: TensorProto,
  count: number,
  budget: ExpansionBudget,
): Tensor["data"] {
  const values = valuesOf(dtype, proto);
  if (values.length > count) throw new GraphError(`a value of ${count} elements has ${values.length}`);
  const length = dtype.startsWith("complex") ? 2 * count : count;
  spend(budget, elementBytes[dtype] * (count - values.length));
  const data = new tensorArrays[dtype](length);
  values.forEach((value, i) => {
    data[i] = value;
  });
  const last = values.at(-1);
  if (last !== undefined) (data as { fill(value: unknown, start: number): unknown }).fill(last, values.length); // elements of the same type
  return data;
}

function spend(budget: ExpansionBudget, bytes: number): void {
  budget.leftBytes -= bytes;
  if (!(budget.leftBytes >= 0))
    throw new GraphError("its constants take more memory than a file of this size may ask for");
}

function valuesOf(dtype: Dtype, proto: TensorProto): readonly (number | bigint)[] {
  switch (dtype) {
    case "float32":
      return proto.floatVal;
    case "float64":
      return proto.doubleVal;
    case "float16":
    case "bfloat16":
      return proto.halfVal;
    case "int64":
      return proto.int64Val;
    case "uint64":
      return proto.uint64Val;
    case "uint32":
      return proto.uint32Val;
    case "bool":
      return proto.boolVal.map(Number);
    default:
      return proto.intVal;
  }
}

function strings(proto: TensorProto, count: number, budget: ExpansionBudget): readonly Uint8Array[] {
  const { stringVal } = proto;
  if (stringVal.length > count) throw new GraphError(`a value of ${count} elements has ${stringVal.length}`);
  spend(budget, 64 * (count - stringVal.length));
  const values = stringVal.map((bytes) => Uint8Array.from(bytes));
  const last = values.at(-1) ?? new Uint8Array(0);
  return Array.from({ length: count }, (_, i) => values[i] ?? last);
}
