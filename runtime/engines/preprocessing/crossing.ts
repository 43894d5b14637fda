import { farmHash } from "./hashes/farm-hash.ts";
import { low64, shiftMixed } from "./hashes/unsigned.ts";
import { textsOf } from "./elements.ts";
import type { Given } from "./step-run.ts";

const factor = 0xc6a4a7935bd1e995n;
/** tensorflow/core/kernels/sparse_cross_op.cc, `kInternalHashKey`. */
const start = 0xde_ca_fc_af_fen;

/** For each row the bucket of all its values together: tensorflow/core/kernels/sparse_cross_op.cc, `HashCrosser`. */
export function crossed(columns: readonly Given[], bins: number): readonly number[] {
  const hashes = columns.map((column) => {
    const isText = "dtype" in column && column.dtype === "string";
    const hash = isText
      ? (text: string) => farmHash(Buffer.from(text, "latin1"))
      : (text: string) => low64(BigInt(text));
    return textsOf(column).map(hash);
  });
  const rows = hashes[0] ?? [];
  return rows.map((_, row) => {
    const sum = hashes.reduce((all, column) => joined(all, column[row] ?? 0n), start);
    return Number(sum % BigInt(bins));
  });
}

/** tensorflow/core/platform/fingerprint.h, `FingerprintCat64`. */
function joined(first: bigint, second: bigint): bigint {
  const mixed = low64(shiftMixed(low64(second * factor)) * factor);
  const result = low64((first ^ factor ^ mixed) * factor);
  return shiftMixed(low64(shiftMixed(result) * factor));
}
