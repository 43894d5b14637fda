import { farmHash } from "./hashes/farm-hash.ts";
import { low64, shiftMixed } from "./hashes/uint64.ts";
import { stringElements } from "./input-elements.ts";
import type { StepInput } from "./preprocessing-step.ts";

const factor = 0xc6a4a7935bd1e995n;
/** tensorflow/core/kernels/sparse_cross_op.cc, `kInternalHashKey`. */
const initialHash = 0xde_ca_fc_af_fen;

/**
 * Keras' HashedCrossing: the bucket of each row's combination of values. tensorflow/core/kernels/sparse_cross_op.cc,
 * `HashCrosser`.
 */
export function hashedCrossing(columns: readonly StepInput[], bins: number): readonly number[] {
  const hashes = columns.map((column) => {
    const isText = "dtype" in column && column.dtype === "string";
    const hash = isText
      ? (text: string) => farmHash(Buffer.from(text, "latin1"))
      : (text: string) => low64(BigInt(text));
    return stringElements(column).map(hash);
  });
  const rows = hashes[0] ?? [];
  return rows.map((_, row) => {
    const sum = hashes.reduce((all, column) => fingerprintCat64(all, column[row] ?? 0n), initialHash);
    return Number(sum % BigInt(bins));
  });
}

/** tensorflow/core/platform/fingerprint.h, `FingerprintCat64`. */
function fingerprintCat64(first: bigint, second: bigint): bigint {
  const mixed = low64(shiftMixed(low64(second * factor)) * factor);
  const result = low64((first ^ factor ^ mixed) * factor);
  return shiftMixed(low64(shiftMixed(result) * factor));
}
