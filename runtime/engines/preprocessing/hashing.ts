import type { Buckets, Hashing } from "../../model/formats/keras/preprocessing/preprocessing.ts";
import { farmHash } from "./hashes/farm-hash.ts";
import { sipHash } from "./hashes/sip-hash.ts";

/** Returns a function that hashes a string into one of `count` buckets. */
export function bucketHasher({ method, key }: Buckets, count: number): (text: string) => number {
  if (count <= 1) return () => 0;
  const buckets = BigInt(count);
  if (method === "remainder") return (text) => Number(((BigInt(text) % buckets) + buckets) % buckets);
  if (method === "farm") return (text) => Number(farmHash(Buffer.from(text, "latin1")) % buckets);
  const [first, second] = [BigInt.asUintN(64, BigInt(key?.[0] ?? 0)), BigInt.asUintN(64, BigInt(key?.[1] ?? 0))];
  return (text) => Number(sipHash(Buffer.from(text, "latin1"), [first, second]) % buckets);
}

/**
 * Keras' Hashing layer; with a mask value, bucket 0 is reserved for it. keras/src/layers/preprocessing/hashing.py,
 * `_hash_values_to_bins`.
 */
export function valueHasher({ bins, mask, ...buckets }: Hashing): (text: string) => number {
  if (mask === undefined) return bucketHasher(buckets, bins);
  const bucket = bucketHasher(buckets, bins - 1);
  return (text) => (text === mask ? 0 : bucket(text) + 1);
}
