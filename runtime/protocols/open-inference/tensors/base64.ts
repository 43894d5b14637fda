import type { Tensor } from "../../../dataplane/tensor.ts";
import { faults } from "../faults.ts";

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
const maxShown = 64;

/**
 * What the texts of a tensor stand for when its `content_type`, as MLServer's clients write it, is `base64`; any other kind of
 * content goes as it is.
 */
export function decodedTensor(tensor: Tensor, contentType: string | undefined, path: string): Tensor {
  if (tensor.dtype !== "string" || contentType !== "base64") return tensor;
  const { shape } = tensor;
  const data = tensor.data.map((bytes, index) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    if (base64.test(text)) return Buffer.from(text, "base64");
    const shown = text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
    throw faults.DataElement({
      path,
      index,
      found: JSON.stringify(shown),
      expected: "base64, as its content_type says",
    });
  });
  return { dtype: "string", shape, data };
}
