import { low64, rotatedRight } from "./uint64.ts";

/** The 128-bit key. */
export type SipKey = readonly [first: bigint, second: bigint];

type State = readonly [bigint, bigint, bigint, bigint];

/** SipHash-2-4 (J.-P. Aumasson, D. J. Bernstein, 2012), the hash of TensorFlow's `to_hash_bucket_strong`. */
export function sipHash(bytes: Buffer, [first, second]: SipKey): bigint {
  const { length } = bytes;
  let state: State = [
    first ^ 0x736f6d6570736575n,
    second ^ 0x646f72616e646f6dn,
    first ^ 0x6c7967656e657261n,
    second ^ 0x7465646279746573n,
  ];
  const tail = length & 7;
  for (let at = 0; at < length - tail; at += 8) state = compressed(state, bytes.readBigUInt64LE(at));
  let last = BigInt(length & 0xff) << 56n;
  for (let i = 0; i < tail; i++) last |= BigInt(bytes[length - tail + i] ?? 0) << BigInt(8 * i);
  const [a, b, c, d] = compressed(state, last);
  const end = sipRounds([a, b, c ^ 0xffn, d], 4);
  return end[0] ^ end[1] ^ end[2] ^ end[3];
}

function compressed([a, b, c, d]: State, word: bigint): State {
  const [first, ...others] = sipRounds([a, b, c, d ^ word], 2);
  return [first ^ word, ...others];
}

function sipRounds(state: State, count: number): State {
  let [a, b, c, d] = state;
  for (let i = 0; i < count; i++) {
    a = low64(a + b);
    b = rotatedLeft(b, 13n) ^ a;
    a = rotatedLeft(a, 32n);
    c = low64(c + d);
    d = rotatedLeft(d, 16n) ^ c;
    a = low64(a + d);
    d = rotatedLeft(d, 21n) ^ a;
    c = low64(c + b);
    b = rotatedLeft(b, 17n) ^ c;
    c = rotatedLeft(c, 32n);
  }
  return [a, b, c, d];
}

function rotatedLeft(value: bigint, by: bigint): bigint {
  return rotatedRight(value, 64n - by);
}
