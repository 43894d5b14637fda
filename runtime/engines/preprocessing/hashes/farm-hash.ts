import { low64, shiftMixed, rotatedRight } from "./uint64.ts";

const k0 = 0xc3a5c85c97cb3127n;
const k1 = 0xb492b66fbe98f273n;
const k2 = 0x9ae16a3b2f90404fn;

type Pair = readonly [first: bigint, second: bigint];

/**
 * FarmHash's Fingerprint64 (farmhash.cc, `farmhashna::Hash64`), the hash of TensorFlow's `to_hash_bucket_fast`: stable
 * across machines and versions. The `hashLen…` functions are named as there.
 */
export function farmHash(bytes: Buffer): bigint {
  const { length } = bytes;
  if (length <= 16) return hashLen0to16(bytes);
  if (length <= 32) return hashLen17to32(bytes);
  return length <= 64 ? hashLen33to64(bytes) : hashLong(bytes);
}

function hashLen16(u: bigint, v: bigint, factor: bigint): bigint {
  const a = shiftMixed(low64((u ^ v) * factor));
  const b = shiftMixed(low64((v ^ a) * factor));
  return low64(b * factor);
}

function hashLen0to16(bytes: Buffer): bigint {
  const { length } = bytes;
  const size = BigInt(length);
  const factor = low64(k2 + size * 2n);
  if (length >= 8) {
    const a = low64(bytes.readBigUInt64LE(0) + k2);
    const b = bytes.readBigUInt64LE(length - 8);
    const c = low64(rotatedRight(b, 37n) * factor + a);
    return hashLen16(c, low64((rotatedRight(a, 25n) + b) * factor), factor);
  }
  if (length >= 4) {
    const first = BigInt(bytes.readUInt32LE(0));
    return hashLen16(size + (first << 3n), BigInt(bytes.readUInt32LE(length - 4)), factor);
  }
  if (length === 0) return k2;
  const y = BigInt((bytes[0] ?? 0) + ((bytes[length >> 1] ?? 0) << 8));
  const z = BigInt(length + ((bytes[length - 1] ?? 0) << 2));
  return low64(shiftMixed(low64(y * k2) ^ low64(z * k0)) * k2);
}

function hashLen17to32(bytes: Buffer): bigint {
  const { length } = bytes;
  const factor = low64(k2 + BigInt(length) * 2n);
  const a = low64(bytes.readBigUInt64LE(0) * k1);
  const b = bytes.readBigUInt64LE(8);
  const c = low64(bytes.readBigUInt64LE(length - 8) * factor);
  const d = low64(bytes.readBigUInt64LE(length - 16) * k2);
  const u = low64(rotatedRight(low64(a + b), 43n) + rotatedRight(c, 30n) + d);
  return hashLen16(u, low64(a + rotatedRight(low64(b + k2), 18n) + c), factor);
}

function hashLen33to64(bytes: Buffer): bigint {
  const { length } = bytes;
  const factor = low64(k2 + BigInt(length) * 2n);
  const a = low64(bytes.readBigUInt64LE(0) * k2);
  const b = bytes.readBigUInt64LE(8);
  const c = low64(bytes.readBigUInt64LE(length - 8) * factor);
  const d = low64(bytes.readBigUInt64LE(length - 16) * k2);
  const y = low64(rotatedRight(low64(a + b), 43n) + rotatedRight(c, 30n) + d);
  const z = hashLen16(y, low64(a + rotatedRight(low64(b + k2), 18n) + c), factor);
  const e = low64(bytes.readBigUInt64LE(16) * factor);
  const f = bytes.readBigUInt64LE(24);
  const g = low64((y + bytes.readBigUInt64LE(length - 32)) * factor);
  const h = low64((z + bytes.readBigUInt64LE(length - 24)) * factor);
  const u = low64(rotatedRight(low64(e + f), 43n) + rotatedRight(g, 30n) + h);
  return hashLen16(u, low64(e + rotatedRight(low64(f + a), 18n) + g), factor);
}

/** State between blocks of 64 bytes. */
interface State {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly v: Pair;
  readonly w: Pair;
}

const seed = 81n;

function hashLong(bytes: Buffer): bigint {
  const { length } = bytes;
  const first = low64(seed * k1 + 113n);
  let state: State = {
    x: low64(seed * k2 + bytes.readBigUInt64LE(0)),
    y: first,
    z: low64(shiftMixed(low64(first * k2 + 113n)) * k2),
    v: [0n, 0n],
    w: [0n, 0n],
  };
  const rest = (length - 1) & 63;
  const end = length - 1 - rest;
  for (let at = 0; at < end; at += 64) state = nextState(bytes, at, state, [k1, 1n]);
  const factor = low64(k1 + ((state.z & 0xffn) << 1n));
  const w = low64(state.w[0] + BigInt(rest));
  const v = low64(state.v[0] + w);
  const carried: State = { ...state, v: [v, state.v[1]], w: [low64(w + v), state.w[1]] };
  const last = nextState(bytes, length - 64, carried, [factor, 9n]);
  const a = hashLen16(last.v[0], last.w[0], factor) + low64(shiftMixed(last.y) * k0) + last.z;
  return hashLen16(low64(a), low64(hashLen16(last.v[1], last.w[1], factor) + last.x), factor);
}

function nextState(bytes: Buffer, at: number, state: State, [factor, weight]: Pair): State {
  const word = (offset: number): bigint => bytes.readBigUInt64LE(at + offset);
  const { v, w } = state;
  const rotated = low64(rotatedRight(low64(state.x + state.y + v[0] + word(8)), 37n) * factor);
  const x = rotated ^ low64(w[1] * weight);
  const y = low64(rotatedRight(low64(state.y + v[1] + word(48)), 42n) * factor + v[0] * weight + word(40));
  const z = low64(rotatedRight(low64(state.z + w[0]), 33n) * factor);
  const newV = weakHashLen32(word, 0, [low64(v[1] * factor), low64(x + w[0])]);
  const newW = weakHashLen32(word, 32, [low64(z + w[1]), low64(y + word(16))]);
  return { x: z, y, z: x, v: newV, w: newW };
}

function weakHashLen32(word: (offset: number) => bigint, at: number, [seedA, seedB]: Pair): Pair {
  const a = low64(seedA + word(at));
  const z = word(at + 24);
  const b = rotatedRight(low64(seedB + a + z), 21n);
  const sum = low64(a + word(at + 8) + word(at + 16));
  return [low64(sum + z), low64(b + rotatedRight(sum, 44n) + a)];
}
