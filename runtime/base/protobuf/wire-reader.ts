import { Buffer, isUtf8 } from "node:buffer";

/** Bytes that are not a valid message. The caller adds which message it should be. */
export class ProtobufError extends Error {
  /** Path of the invalid field, as `inputs.tensor_shape.dim[2]`; empty: the message itself. */
  readonly path: string;

  constructor(reason: string, path = "") {
    super(reason);
    this.name = "ProtobufError";
    this.path = path;
  }

  /** The same error with `field` in front of its path. */
  within(field: string): ProtobufError {
    const inner = this.path.length > maxPath ? "…" : this.path;
    return new ProtobufError(this.message, inner === "" ? field : `${field}.${inner}`);
  }
}

const maxPath = 200;

/** Wire types (protobuf.dev, "Encoding"). */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** Maximum nesting depth, as in protobuf's own readers. */
const maxDepth = 100;

/**
 * How many strings, byte strings and numbers may still be read: each takes far more memory than its one or two bytes on
 * the wire. A message counts as sixteen.
 */
export interface ValueBudget {
  left: number;
}

interface ReadWithin {
  readonly depth: number;
  readonly budget: ValueBudget;
}

const messageCost = 16;
const outermost: ReadWithin = { depth: 0, budget: { left: Number.POSITIVE_INFINITY } };

/** Reads the wire format from a range of bytes without copying. Every method throws ProtobufError. */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #depth: number;
  readonly #budget: ValueBudget;
  #position: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, within: ReadWithin = outermost) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#end = end;
    this.#depth = within.depth;
    this.#budget = within.budget;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#end;
  }

  /** Current offset in bytes. */
  get position(): number {
    return this.#position;
  }

  /** Reads a 32-bit varint; longer ones lose their upper bits, as in protobuf's own readers. */
  uint32(): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#position < this.#end ? (bytes[this.#position++] ?? 0) : this.#cutOff();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new ProtobufError("a varint takes more than 10 bytes");
  }

  int32(): number {
    return this.uint32() | 0;
  }

  uint64(): bigint {
    const [low, high] = this.#halves();
    return (BigInt(high) << 32n) | BigInt(low);
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /** Reads an int64 as a number; throws beyond 2^53. */
  safeInt64(): number {
    const [low, high] = this.#halves();
    const value = (high | 0) * 2 ** 32 + low;
    if (Number.isSafeInteger(value)) return value;
    throw new ProtobufError(`the number ${value} is beyond 2^53`);
  }

  /** Reads a 64-bit varint as two words, lower first: arrays need no bigint. */
  words(into: Uint32Array, at: number): void {
    const [low, high] = this.#halves();
    into[at] = low;
    into[at + 1] = high;
  }

  bool(): boolean {
    const [low, high] = this.#halves();
    return low !== 0 || high !== 0;
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#take(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** A view of the bytes, not a copy. */
  bytes(): Uint8Array {
    this.spend();
    const length = this.uint32();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  string(): string {
    this.spend();
    const length = this.uint32();
    const start = this.#take(length);
    const text = this.#bytes.toString("utf8", start, start + length);
    if (text.includes("\ufffd") && !isUtf8(this.#bytes.subarray(start, start + length))) {
      throw new ProtobufError("a text is not valid UTF-8");
    }
    return text;
  }

  /** A reader of the next length-delimited value. */
  nested(): WireReader {
    this.spend(messageCost);
    if (this.#depth >= maxDepth) throw new ProtobufError(`messages are nested more than ${maxDepth} deep`);
    const length = this.uint32();
    const start = this.#take(length);
    return new WireReader(this.#bytes, start, start + length, { depth: this.#depth + 1, budget: this.#budget });
  }

  /** Skips the value of an unknown field. */
  skip(wireType: number): void {
    switch (wireType) {
      case wireTypes.varint:
        this.#halves();
        return;
      case wireTypes.fixed64:
        this.#take(8);
        return;
      case wireTypes.bytes:
        this.#take(this.uint32());
        return;
      case wireTypes.fixed32:
        this.#take(4);
        return;
      default:
        throw new ProtobufError(`wire type ${wireType} is not used any more`);
    }
  }

  /** Consumes the tag if it comes next. */
  takeTag(tag: number): boolean {
    if (this.isAtEnd) return false;
    const start = this.#position;
    if (this.uint32() === tag) return true;
    this.#position = start;
    return false;
  }

  /** Charges the budget for values read. Throws when it is exhausted. */
  spend(cost = 1): void {
    this.#budget.left -= cost;
    if (this.#budget.left < 0) throw new ProtobufError("it has more values than may be read");
  }

  #take(length: number): number {
    const start = this.#position;
    if (length > this.#end - start) this.#cutOff();
    this.#position = start + length;
    return start;
  }

  #halves(): readonly [low: number, high: number] {
    const low = this.#septets(4);
    if (!low.more) return [low.value, 0];
    const middle = this.#byte();
    const first = (low.value | ((middle & 0x0f) << 28)) >>> 0;
    let high = (middle & 0x70) >>> 4;
    if (middle < 0x80) return [first, high];
    for (let shift = 3; shift < 38; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) high |= (byte & 0x7f) << shift;
      if (byte < 0x80) return [first, high >>> 0];
    }
    throw new ProtobufError("a varint takes more than 10 bytes");
  }

  #septets(count: number): { readonly value: number; readonly more: boolean } {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return { value, more: false };
    }
    return { value, more: true };
  }

  #byte(): number {
    return this.#position < this.#end ? (this.#bytes[this.#position++] ?? 0) : this.#cutOff();
  }

  #cutOff(): never {
    throw new ProtobufError("it ends in the middle of a value");
  }
}
