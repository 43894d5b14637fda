import { low64, turnedRight } from "./unsigned.ts";

/** The secret of a hash. */
export type SipKey = readonly [first: bigint, second: bigint];

type State = readonly [bigint, bigint, bigint, bigint];

/** SipHash-2-4 (J.-P. Aumasson, D. J. Bernstein, 2012), which TensorFlow's `to_hash_bucket_strong` takes. */
export function sipHash(bytes: Buffer, [first, second]: SipKey): bigint {
  const { length } = bytes;
  let state: State = [
    first ^ 0x736f6d6570736575n,
    second ^ 0x646f72616e646f6dn,
    first ^ 0x6c7967656e657261n,
    second ^ 0x7465646279746573n,
  ];
  const tail = length & 7;
  for (let at = 0; at < length - tail; at += 8) state = afterWord(state, bytes.readBigUInt64LE(at));
  let last = BigInt(length & 0xff) << 56n;
  for (let i = 0; i < tail; i++) last |= BigInt(bytes[length - tail + i] ?? 0) << BigInt(8 * i);
  const [a, b, c, d] = afterWord(state, last);
  const end = rounds([a, b, c ^ 0xffn, d], 4);
  return end[0] ^ end[1] ^ end[2] ^ end[3];
}

function afterWord([a, b, c, d]: State, word: bigint): State {
  const [first, ...others] = rounds([a, b, c, d ^ word], 2);
  return [first ^ word, ...others];
}

function rounds(state: State, count: number): State {
  let [a, b, c, d] = state;
  for (let i = 0; i < count; i++) {
    a = low64(a + b);
    b = turnedLeft(b, 13n) ^ a;
    a = turnedLeft(a, 32n);
    c = low64(c + d);
    d = turnedLeft(d, 16n) ^ c;
    a = low64(a + d);
    d = turnedLeft(d, 21n) ^ a;
    c = low64(c + b);
    b = turnedLeft(b, 17n) ^ c;
    c = turnedLeft(c, 32n);
  }
  return [a, b, c, d];
}

function turnedLeft(value: bigint, by: bigint): bigint {
  return turnedRight(value, 64n - by);
}
