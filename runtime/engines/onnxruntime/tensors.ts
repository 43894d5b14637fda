import type { TensorSpec } from "../../dataplane/signature.ts";
import type { Tensor, TensorData } from "../../dataplane/tensor.ts";
import type { NativeTensor } from "./binding.ts";

/** Elements as the addon takes them: typed arrays as they are, texts as JavaScript's. */
export function nativeData({ dtype, data }: Tensor): ArrayLike<unknown> {
  return dtype === "string" ? data.map((bytes) => textOf(bytes)) : data;
}

/** An output of the addon. Its memory is the caller's. */
export function tensorOf({ dtype }: TensorSpec, { data, dims }: NativeTensor): Tensor {
  if (dtype !== "string") return { dtype, shape: dims, data } as Tensor; // the addon gives the typed array of this dtype
  return { dtype, shape: dims, data: bytesOf(data as ArrayLike<string>) }; // of strings it gives texts
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The addon takes texts, and cuts them at a NUL: what it would change is refused. */
function textOf(bytes: Uint8Array): string {
  if (bytes.includes(0))
    throw new RangeError("a string holds a NUL byte, which ONNX Runtime's binding for Node cannot take");
  try {
    return decoder.decode(bytes);
  } catch (thrown) {
    const reason = "a string is not UTF-8, which ONNX Runtime's binding for Node cannot take";
    throw new RangeError(reason, { cause: thrown });
  }
}

function bytesOf(texts: ArrayLike<string>): TensorData["string"] {
  return Array.from(texts, (text) => encoder.encode(text));
}
