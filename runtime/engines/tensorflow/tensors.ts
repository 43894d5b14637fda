import type { Dtype, Tensor } from "../../dataplane/tensor.ts";
import type { Addon, TensorContents, TensorHandle } from "./installation.ts";

/** Members of TensorFlow's `DataType` (tensorflow/c/tf_datatype.h) that the addon exchanges. */
const dataTypes = { float32: 1, int32: 3, uint8: 4, string: 7, int64: 9, bool: 10 } as const;
type Exchanged = keyof typeof dataTypes;

/** What the addon cannot give back, though it takes it: it has no case for uint8. */
const notReturned: readonly Dtype[] = ["uint8"];

/** Whether tensors of this type can go to TensorFlow and come back. */
export function isExchanged(dtype: Dtype, direction: "in" | "out"): boolean {
  return Object.hasOwn(dataTypes, dtype) && !(direction === "out" && notReturned.includes(dtype));
}

/** Hands a tensor to TensorFlow, which reads it where it is until it is deleted. Returns its number. */
export function given(addon: Addon, tensor: Tensor): number {
  return addon.createTensor(tensor.shape, dataTypes[tensor.dtype as Exchanged], contentsOf(tensor)); // refused at load otherwise
}

function contentsOf(tensor: Tensor): TensorContents {
  switch (tensor.dtype) {
    case "float32":
    case "int32":
    case "uint8":
    case "bool":
    case "string":
      return tensor.data;
    case "int64": {
      const { buffer, byteOffset, length } = tensor.data;
      return new Int32Array(buffer, byteOffset, length * 2);
    }
    default:
      throw new TypeError(`the TensorFlow engine does not exchange ${tensor.dtype}`);
  }
}

/** Copies a result out of TensorFlow's memory and deletes it there. */
export function taken(addon: Addon, { id, shape, dtype }: TensorHandle): Tensor {
  try {
    const data = addon.tensorDataSync(id);
    const name = Object.entries(dataTypes).find(([, number]) => number === dtype)?.[0] ?? "float32";
    return { dtype: name, shape, data } as Tensor; // the addon has an array type for each of these
  } finally {
    addon.deleteTensor(id);
  }
}
