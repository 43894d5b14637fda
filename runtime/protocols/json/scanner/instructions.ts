/**
 * Encoded WebAssembly instructions. The functions below each take the code of their operands and return it followed by their own
 * opcode, so a program reads like a nested expression (WebAssembly core specification 2.0, chapter 5.4).
 */
export type Code = readonly number[];

/** Codes of the value types in WebAssembly's binary format. */
export const i32Type = 0x7f;
/** See `i32Type`. */
export const i64Type = 0x7e;
/** See `i32Type`. */
export const f64Type = 0x7c;
/** See `i32Type`. */
export const v128Type = 0x7b;
const noResult = 0x40;

/** Unsigned LEB128. */
export function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

/** Signed LEB128 of an integer of up to 64 bits. */
export function signed(value: bigint): Code {
  const bytes: number[] = [];
  let rest = BigInt.asIntN(64, value);
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = (rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0);
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
}

type Binary = (a: Code, b: Code) => Code;
type Unary = (a: Code) => Code;

function binary(opcode: number): Binary {
  return (a, b) => [...a, ...b, opcode];
}

function unary(opcode: number): Unary {
  return (a) => [...a, opcode];
}

/** A load from an address plus a constant offset; claims no alignment. */
function load(opcode: number): (address: Code, offset?: number) => Code {
  return (address, offset = 0) => [...address, opcode, 0, ...unsigned(offset)];
}

/** Instructions on 32-bit integers. */
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(BigInt(value))],
  load8u: load(0x2d),
  store: (address: Code, value: Code): Code => [...address, ...value, 0x36, 0, 0],
  equal: binary(0x46),
  notEqual: binary(0x47),
  lessU: binary(0x49),
  greaterU: binary(0x4b),
  lessS: binary(0x48),
  greaterS: binary(0x4a),
  atLeastS: binary(0x4e),
  isZero: unary(0x45),
  ctz: unary(0x68),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shl: binary(0x74),
  shrS: binary(0x75),
  wrap: unary(0xa7),
} as const;

/** Instructions on 64-bit integers. */
export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed(value)],
  load: load(0x29),
  load32u: load(0x35),
  isZero: unary(0x50),
  equal: binary(0x51),
  lessU: binary(0x54),
  greaterU: binary(0x56),
  atLeastU: binary(0x5a),
  clz: unary(0x79),
  ctz: unary(0x7a),
  add: binary(0x7c),
  mul: binary(0x7e),
  and: binary(0x83),
  or: binary(0x84),
  xor: binary(0x85),
  shl: binary(0x86),
  shrU: binary(0x88),
  extendU: unary(0xad),
} as const;

/** Instructions on 64-bit floating-point numbers. */
export const f64 = {
  load: load(0x2b),
  store: (address: Code, value: Code): Code => [...address, ...value, 0x39, 0, 0],
  zero: (): Code => [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
  neg: unary(0x9a),
  sub: binary(0xa1),
  mul: binary(0xa2),
  div: binary(0xa3),
  convert: unary(0xb9),
  reinterpret: unary(0xbf),
} as const;

function vector(opcode: number): Code {
  return [0xfd, ...unsigned(opcode)];
}

/** Instructions on 128-bit vectors: two doubles, four float32s, eight 16-bit integers, or sixteen bytes. */
export const v128 = {
  const: (bytes: readonly number[]): Code => [...vector(0x0c), ...bytes],
  load: (address: Code, offset = 0): Code => [...address, ...vector(0x00), 0, ...unsigned(offset)],
  store: (address: Code, value: Code, offset: number): Code => [
    ...address,
    ...value,
    ...vector(0x0b),
    0,
    ...unsigned(offset),
  ],
  /** Selects bytes of `a` (0 to 15) and `b` (16 to 31) by constant indices. */
  shuffle: (a: Code, b: Code, bytes: readonly number[]): Code => [...a, ...b, ...vector(0x0d), ...bytes],
  /** Selects bytes of `a` by the indices in `indices`; 0 for an index above 15. */
  swizzle: (a: Code, indices: Code): Code => [...a, ...indices, ...vector(0x0e)],
  subBytes: (a: Code, b: Code): Code => [...a, ...b, ...vector(0x71)],
  /** A bit mask of the bytes of `a` that are at most as large as those of `b`. */
  atMostBits: (a: Code, b: Code): Code => [...a, ...b, ...vector(0x2a), ...vector(0x64)],
  /** Product of eight 16-bit integers each. */
  mul16: (a: Code, b: Code): Code => [...a, ...b, ...vector(0x95)],
  shrU16: (a: Code, bits: Code): Code => [...a, ...bits, ...vector(0x8d)],
  /** Products of eight 16-bit integers, added in pairs. */
  dot16: (a: Code, b: Code): Code => [...a, ...b, ...vector(0xba)],
  /** The four 32-bit integers of `a`, then those of `b`, narrowed to 16 bits. */
  narrowTo16: (a: Code, b: Code): Code => [...a, ...b, ...vector(0x85)],
  lowerHalf: (a: Code): Code => [...a, ...vector(0x1d), 0],
  /** Two doubles converted to float32, followed by two zeros. */
  demote: (a: Code): Code => [...a, ...vector(0x5e)],
} as const;

/** A parameter or local of a function. */
export interface Local {
  readonly value: Code;
  readonly set: (value: Code) => Code;
  /** Sets it and leaves its value on the stack. */
  readonly tee: (value: Code) => Code;
}

/** The parameter or local with this index. */
export function local(index: number): Local {
  return {
    value: [0x20, ...unsigned(index)],
    set: (value) => [...value, 0x21, ...unsigned(index)],
    tee: (value) => [...value, 0x22, ...unsigned(index)],
  };
}

/** Concatenates instructions. */
export function sequence(...codes: readonly Code[]): Code {
  return codes.flat();
}

/** A block: branching to it continues after its end. */
export function block(...codes: readonly Code[]): Code {
  return [0x02, noResult, ...codes.flat(), 0x0b];
}

/** A loop: branching to it starts it again. */
export function loop(...codes: readonly Code[]): Code {
  return [0x03, noResult, ...codes.flat(), 0x0b];
}

/** Branches to the enclosing block or loop that is `depth` levels outside of the innermost one. */
export function branch(depth: number): Code {
  return [0x0c, ...unsigned(depth)];
}

/** Branches if the condition is not zero. */
export function branchIf(depth: number, condition: Code): Code {
  return [...condition, 0x0d, ...unsigned(depth)];
}

/** An if/else; counts as one level for `branch`. */
export function ifElse(condition: Code, then: Code, otherwise?: Code): Code {
  return [...condition, 0x04, noResult, ...then, ...(otherwise === undefined ? [] : [0x05, ...otherwise]), 0x0b];
}
