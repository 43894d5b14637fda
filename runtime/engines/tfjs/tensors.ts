import type * as Core from "@tensorflow/tfjs-core";
import type { Dtype, Tensor } from "../../dataplane/tensor.ts";

/** A tensor in TensorFlow.js' memory; it computes with float32, int32 and bool. */
export function uploaded(tf: typeof Core, tensor: Tensor): Core.Tensor {
  const shape = [...tensor.shape];
  switch (tensor.dtype) {
    case "float32":
      return tf.tensor(tensor.data, shape, "float32");
    case "float64":
      return tf.tensor(Float32Array.from(tensor.data), shape, "float32");
    case "bool":
      return tf.tensor(tensor.data, shape, "bool");
    case "int32":
      return tf.tensor(tensor.data, shape, "int32");
    case "int8":
    case "int16":
    case "uint8":
    case "uint16":
      return tf.tensor(Int32Array.from(tensor.data), shape, "int32");
    case "uint32":
      return tf.tensor(
        int32s(tensor.data.length, (i) => tensor.data[i] ?? 0),
        shape,
        "int32",
      );
    case "int64":
    case "uint64":
      return tf.tensor(
        int32s(tensor.data.length, (i) => Number(tensor.data[i] ?? 0n)),
        shape,
        "int32",
      );
    default:
      throw new TypeError(`TensorFlow.js does not compute with ${tensor.dtype}`);
  }
}

function int32s(length: number, at: (index: number) => number): Int32Array {
  return Int32Array.from({ length }, (_, i) => {
    const value = at(i);
    if (value !== Math.trunc(value) || value > 2 ** 31 - 1 || value < -(2 ** 31)) {
      throw new RangeError(`${value} does not fit 32 bits, which TensorFlow.js computes with`);
    }
    return value;
  });
}

/** Copies a result out of TensorFlow.js' memory. */
export function downloaded(tensor: Core.Tensor): Tensor {
  const { shape } = tensor;
  const data = tensor.dataSync();
  if (data instanceof Int32Array) return { dtype: "int32", shape, data };
  if (data instanceof Uint8Array) return { dtype: "bool", shape, data };
  return { dtype: "float32", shape, data };
}

/** Element type of results. */
export function outputDtype(dtype: string): Dtype {
  return dtype === "int32" || dtype === "bool" ? dtype : "float32";
}
