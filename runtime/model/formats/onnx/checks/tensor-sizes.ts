import { elementCount } from "../../../../dataplane/tensor.ts";
import { dataTypes, type ModelProto, type TensorProto } from "../onnx-proto.ts";
import { dataTypeName, elementBits } from "../element-types.ts";
import { allTensors } from "../graph-traversal.ts";

/** A tensor whose data does not match its shape. */
export interface TensorSizeError {
  readonly tensor: string;
  readonly reason: string;
}

/** The first tensor whose data does not match its shape. `checkExternalData` checks data in other files. */
export function tensorSizeError(model: ModelProto): TensorSizeError | undefined {
  for (const { name, tensor } of allTensors(model)) {
    const reason = sizeError(tensor);
    if (reason !== undefined) return { tensor: name, reason };
  }
  return undefined;
}

/** Bytes of the elements of a tensor; a string counts as one. */
export function tensorBytes({ dims, dataType }: TensorProto): number {
  return Math.ceil((elementCount(dims) * (elementBits(dataType) ?? 8)) / 8);
}

/** Bytes of all weights, external data included. */
export function weightBytesOf(model: ModelProto): number {
  let sum = 0;
  for (const { tensor } of allTensors(model)) sum += tensorBytes(tensor);
  return sum;
}

function sizeError(tensor: TensorProto): string | undefined {
  const { dims, dataType, rawData } = tensor;
  const shape = `[${dims.join(",")}]`;
  if (dims.some((size) => size < 0)) return `its shape ${shape} has negative sizes`;
  const elements = elementCount(dims);
  if (dataType === dataTypes.string) {
    return stringCount(tensor) === elements ? undefined : mismatch(shape, elements, `${stringCount(tensor)} strings`);
  }
  if (elementBits(dataType) === undefined) return `its type is ${dataTypeName(dataType)}`;
  if (tensor.dataLocation === 1) return undefined;
  const needed = tensorBytes(tensor);
  if (rawData.length > 0 || elements === 0) {
    return rawData.length === needed ? undefined : mismatch(shape, needed, `${rawData.length} bytes`);
  }
  const { fewest, most } = listBounds(tensor, elements);
  const found = tensor.floatData.length + tensor.doubleData.length + integerBytes(tensor);
  return found >= fewest && found <= most ? undefined : mismatch(shape, needed, `a list of ${found} bytes`);
}

function mismatch(shape: string, needed: number, found: string): string {
  return `its shape ${shape} needs ${needed}; it holds ${found}`;
}

function stringCount({ stringData }: TensorProto): number {
  return stringData.length;
}

function integerBytes({ int32Data, int64Data, uint64Data }: TensorProto): number {
  return int32Data.length + int64Data.length + uint64Data.length;
}

/** Bounds of the bytes of a packed list: fixed for floats, 1 to 10 per varint; types below 8 bits may share one. */
function listBounds({ dataType }: TensorProto, elements: number): { fewest: number; most: number } {
  switch (dataType) {
    case dataTypes.float32:
      return { fewest: elements * 4, most: elements * 4 };
    case dataTypes.float64:
    case dataTypes.complex64:
      return { fewest: elements * 8, most: elements * 8 };
    case dataTypes.complex128:
      return { fewest: elements * 16, most: elements * 16 };
    default: {
      const bits = Math.min(elementBits(dataType) ?? 8, 8);
      return { fewest: Math.ceil((elements * bits) / 8), most: elements * 10 };
    }
  }
}
