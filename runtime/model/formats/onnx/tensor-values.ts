import { type Dtype, elementCount, type Tensor, tensorArrays } from "../../../dataplane/tensor.ts";
import { WireReader } from "../../../base/protobuf/wire-reader.ts";
import { dtypeOf } from "./element-types.ts";
import type { TensorProto } from "./onnx-proto.ts";

/** Decodes a small tensor. `undefined` when its type cannot be served or its data is in another file. */
export function tensorValue(tensor: TensorProto): Tensor | undefined {
  const dtype = dtypeOf(tensor.dataType);
  if (dtype === undefined || tensor.dataLocation !== 0) return undefined;
  const shape = tensor.dims;
  if (dtype === "string") return { dtype, shape, data: tensor.stringData.map((bytes) => Uint8Array.from(bytes)) };
  const data = tensor.rawData.length > 0 ? rawElements(dtype, tensor.rawData) : listedElements(dtype, tensor);
  return data.length === elementCount(shape) ? ({ dtype, shape, data } as Tensor) : undefined; // the array of this dtype
}

type NumberDtype = Exclude<Dtype, "string">;

function rawElements(dtype: NumberDtype, bytes: Uint8Array): ArrayLike<number | bigint> {
  const array = tensorArrays[dtype];
  const copy = Uint8Array.from(bytes);
  return new array(copy.buffer, 0, Math.floor(copy.length / array.BYTES_PER_ELEMENT));
}

/** Decodes the typed lists; the comments at the fields of TensorProto in onnx.proto assign types to lists. */
function listedElements(dtype: NumberDtype, tensor: TensorProto): ArrayLike<number | bigint> {
  switch (dtype) {
    case "float32":
      return rawElements(dtype, tensor.floatData);
    case "float64":
      return rawElements(dtype, tensor.doubleData);
    case "int64":
      return BigInt64Array.from(varints(tensor.int64Data));
    case "uint64":
    case "uint32":
      return dtype === "uint64"
        ? BigUint64Array.from(varints(tensor.uint64Data))
        : Uint32Array.from(varints(tensor.uint64Data), Number);
    default:
      return new tensorArrays[dtype](varints(tensor.int32Data).map(Number));
  }
}

function varints(bytes: Uint8Array): bigint[] {
  const reader = new WireReader(bytes);
  const values: bigint[] = [];
  while (!reader.isAtEnd) values.push(reader.int64());
  return values;
}
