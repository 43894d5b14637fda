import { abbreviated } from "../../../base/fault.ts";
import type { Tensor } from "../../../dataplane/tensor.ts";
import { faults } from "../faults.ts";

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
const maxShown = 64;

/**
 * Decodes the strings of a tensor whose `content_type` parameter, which MLServer's clients set, is `base64`. Returns any other
 * tensor unchanged.
 */
export function decodedTensor(tensor: Tensor, contentType: string | undefined, path: string): Tensor {
  if (tensor.dtype !== "string" || contentType !== "base64") return tensor;
  const { shape } = tensor;
  const data = tensor.data.map((bytes, index) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    if (base64.test(text)) return Buffer.from(text, "base64");
    throw faults.DataElement({
      path,
      index,
      found: JSON.stringify(abbreviated(text, maxShown)),
      expected: "base64, as its content_type says",
    });
  });
  return { dtype: "string", shape, data };
}
