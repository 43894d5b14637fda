import type { RandomSource } from "../simulation/schedule/random.ts";

/** Number literals that have broken parsers before, valid JSON or nearly so. */
const numbers = [
  "0",
  "-0",
  "-1",
  "1e999",
  "-1e-999",
  "NaN",
  "Infinity",
  "2147483648",
  "9007199254740993",
  "18446744073709551616",
  "1.7976931348623159e308",
  "00",
  "1.",
  ".5",
  "1e",
  "0x10",
] as const;
const values = [
  "null",
  "true",
  '""',
  "[]",
  "{}",
  '"\\ud800"',
  '{"b64":"//8="}',
  '{"__proto__":{}}',
  "[[],[1]]",
  '"a\\u0000b"',
] as const;
const brackets = ["[", "{", "]", "}", '"', ",", ":", "\\"] as const;
const integers = [0, 1, -1, 127, 128, 255, 256, 32_767, 65_535, 2 ** 31 - 1, -(2 ** 31)] as const;

type Edit = (bytes: Buffer, chance: RandomSource, other: Buffer) => Buffer;

/** Kinds of edits; text edits work on any bytes. */
const edits: readonly [Edit, ...Edit[]] = [
  flipBit,
  setByte,
  setInteger,
  removed,
  repeated,
  inserted,
  spliced,
  cut,
  (bytes, chance) => replacedMatch(bytes, /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, chance, chance.pick(numbers)),
  (bytes, chance) => replacedMatch(bytes, /-?\d+(?:\.\d+)?|"[^"\\]*"|true|false|null/g, chance, chance.pick(values)),
  (bytes, chance) => put(bytes, place(bytes, chance), Buffer.from(chance.pick(brackets).repeat(chance.integer(1, 40)))),
];

/** Applies a few random edits; `other` supplies parts to splice in. */
export function mutated(seed: Buffer, chance: RandomSource, other: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(seed);
  const count = chance.integer(1, 4);
  for (let i = 0; i < count; i++) bytes = chance.pick(edits)(bytes, chance, other);
  return bytes;
}

/** A random position. Half of all edits go to the beginning or end, where most structure is. */
function place(bytes: Buffer, chance: RandomSource): number {
  if (bytes.length === 0) return 0;
  const near = Math.min(bytes.length, 512);
  if (chance.bool(0.4)) return chance.integer(0, near - 1);
  if (chance.bool(0.2)) return bytes.length - chance.integer(1, near);
  return chance.integer(0, bytes.length - 1);
}

function flipBit(bytes: Buffer, chance: RandomSource): Buffer {
  const at = place(bytes, chance);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.integer(0, 7));
  return bytes;
}

function setByte(bytes: Buffer, chance: RandomSource): Buffer {
  bytes[place(bytes, chance)] = chance.integer(0, 255);
  return bytes;
}

function setInteger(bytes: Buffer, chance: RandomSource): Buffer {
  const at = place(bytes, chance);
  if (at + 4 <= bytes.length) bytes.writeInt32LE(chance.pick(integers), at);
  return bytes;
}

function removed(bytes: Buffer, chance: RandomSource): Buffer {
  const at = place(bytes, chance);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chance.integer(1, 16))]);
}

function repeated(bytes: Buffer, chance: RandomSource): Buffer {
  const at = place(bytes, chance);
  return put(bytes, at, bytes.subarray(at, at + chance.integer(1, 64)));
}

function inserted(bytes: Buffer, chance: RandomSource): Buffer {
  const random = Buffer.from(Array.from({ length: chance.integer(1, 8) }, () => chance.integer(0, 255)));
  return put(bytes, place(bytes, chance), random);
}

function spliced(bytes: Buffer, chance: RandomSource, other: Buffer): Buffer {
  const from = place(other, chance);
  return put(bytes, place(bytes, chance), other.subarray(from, from + chance.integer(1, 128)));
}

function cut(bytes: Buffer, chance: RandomSource): Buffer {
  return bytes.subarray(0, place(bytes, chance));
}

function put(bytes: Buffer, at: number, piece: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}

function replacedMatch(bytes: Buffer, pattern: RegExp, chance: RandomSource, by: string): Buffer {
  const text = bytes.toString("latin1");
  const matches = [...text.slice(0, 20_000).matchAll(pattern)];
  const [first] = matches;
  if (first === undefined) return bytes;
  const match = chance.pick([first, ...matches.slice(1)]);
  return Buffer.from(text.slice(0, match.index) + by + text.slice(match.index + match[0].length), "latin1");
}
