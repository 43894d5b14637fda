import type { Dtype, Tensor } from "../../../../runtime/dataplane/tensor.ts";
import { tensorArrays } from "../../../../runtime/dataplane/tensor.ts";

/** A tensor of a fixture's expected.json: see the fixtures' MANIFEST. */
export interface GivenTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: readonly (number | string | boolean | { readonly b64: string })[];
}

/** The tensor as engines exchange it. */
export function tensorFrom({ dtype, shape, data }: GivenTensor): Tensor {
  if (dtype === "string") {
    return { dtype, shape, data: data.map((element) => bytesFrom(element)) };
  }
  const bigints = (): bigint[] => data.map((element) => BigInt(typeof element === "object" ? 0 : element));
  if (dtype === "int64") return { dtype, shape, data: BigInt64Array.from(bigints()) };
  if (dtype === "uint64") return { dtype, shape, data: BigUint64Array.from(bigints()) };
  const numbers = data.map(Number);
  const elements = dtype === "float16" ? numbers.map(halfBits) : numbers;
  return { dtype, shape, data: new tensorArrays[dtype](elements) } as Tensor; // the array type of this dtype
}

function bytesFrom(element: GivenTensor["data"][0]): Uint8Array {
  if (typeof element !== "object") throw new Error(`${String(element)} is no string of a fixture`);
  return Uint8Array.from(Buffer.from(element.b64, "base64"));
}

/** IEEE half-precision bits of a number that is representable. */
function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | Math.round(size / 2 ** -24);
  const exponent = Math.floor(Math.log2(size));
  return sign | (((exponent + 15) << 10) + Math.round((size / 2 ** exponent - 1) * 1024));
}
