import type { Dtype, Tensor } from "../../dataplane/tensor.ts";
import type { Addon, TensorContents, TensorHandle } from "./addon.ts";

/** Members of TensorFlow's `DataType` (tensorflow/c/tf_datatype.h) that the addon supports. */
const dataTypes = { float32: 1, int32: 3, uint8: 4, string: 7, int64: 9, bool: 10 } as const;
type SupportedDtype = keyof typeof dataTypes;

/** Types that the addon accepts but cannot return: it has no case for uint8. */
const inputOnly: readonly Dtype[] = ["uint8"];

/** Whether the addon supports the type as an input or as an output. */
export function isSupported(dtype: Dtype, direction: "in" | "out"): boolean {
  return Object.hasOwn(dataTypes, dtype) && !(direction === "out" && inputOnly.includes(dtype));
}

/** Creates a TensorFlow tensor and returns its id. TensorFlow reads the data in place until the tensor is deleted. */
export function uploaded(addon: Addon, tensor: Tensor): number {
  return addon.createTensor(tensor.shape, dataTypes[tensor.dtype as SupportedDtype], contentsOf(tensor)); // other types are refused at load
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
export function downloaded(addon: Addon, { id, shape, dtype }: TensorHandle): Tensor {
  try {
    const data = addon.tensorDataSync(id);
    const name = Object.entries(dataTypes).find(([, number]) => number === dtype)?.[0] ?? "float32";
    return { dtype: name, shape, data } as Tensor; // the addon has an array type for each of these
  } finally {
    addon.deleteTensor(id);
  }
}
