import { Buffer } from "node:buffer";
import { entryOverhead, staticEntries, staticTable } from "./static-table.ts";

/** Alternating names and values, names in lower case. */
export type HeaderList = readonly string[];

/** Table size of every peer before its SETTINGS (RFC 9113 §6.5.2). */
const maxTableBytes = 4096;
/** Number of cached blocks, and their longest. */
const maxCachedBlocks = 512;
const maxCachedBytes = 512;
/**
 * Headers whose values recur in later messages and are put into the table. Others are not: a value that differs each time would
 * only displace these, and secrets in a table can be guessed by what their repetition saves (RFC 7541 §7.1).
 */
const recurring = new Set([
  ":path",
  ":authority",
  ":scheme",
  "content-type",
  "te",
  "user-agent",
  "accept-encoding",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-status",
  "modelwright-revision",
]);
/** Headers that no hop may put into a table (RFC 7541 §7.1.3). */
const sensitive = new Set(["authorization", "cookie", "set-cookie", "proxy-authorization"]);

const staticNames = new Map<string, number>();
const staticPairs = new Map<string, Map<string, number>>();
for (let index = staticEntries; index > 0; index -= 1) {
  const [name = "", value = ""] = [staticTable[2 * index - 2], staticTable[2 * index - 1]];
  staticNames.set(name, index);
  if (value !== "") staticPairs.set(name, (staticPairs.get(name) ?? new Map<string, number>()).set(value, index));
}

/**
 * Encodes the header blocks of one connection (RFC 7541), without Huffman coding: on a cluster's network, time costs more than
 * bytes. The table is filled once and never evicts, so that an entry found is always present.
 */
export class HeaderWriter {
  /** Starts with the last block; the next one may overwrite it. */
  block: Buffer = Buffer.alloc(0);
  #bytes: Buffer = Buffer.allocUnsafe(1024);
  #at = 0;
  #capacityBytes = maxTableBytes;
  #tableBytes = 0;
  #count = 0;
  /** Number of earlier entries, by name and value. */
  #known = new Map<string, Map<string, number>>();
  #isResized = false;
  /** Encoded blocks of lists that were sent more than once. */
  readonly #cache = new Map<HeaderList, Buffer>();
  /** Lists that were sent before: most are made for one message and never come again. */
  readonly #sentBefore = new WeakSet<HeaderList>();

  /** Sets the peer's table size in bytes. */
  limitTable(peerBytes: number): void {
    const bytes = Math.min(peerBytes, maxTableBytes);
    if (bytes === this.#capacityBytes) return;
    this.#capacityBytes = bytes;
    this.#isResized = true;
    this.#cache.clear();
    this.#known = new Map();
    this.#tableBytes = 0;
    this.#count = 0;
  }

  /** Encodes a block into `block`. Returns its length. Encoding the same, unchanged list again costs next to nothing. */
  encode(list: HeaderList): number {
    const cached = this.#cache.get(list);
    if (cached !== undefined) {
      this.block = cached;
      return cached.length;
    }
    const before = this.#count;
    const isPlain = !this.#isResized;
    this.#write(list);
    this.block = this.#bytes;
    // A block that added nothing to the table encodes the same the next time.
    if (this.#count !== before) this.#cache.clear();
    else if (isPlain && this.#at <= maxCachedBytes) this.#store(list);
    return this.#at;
  }

  #store(list: HeaderList): void {
    if (!this.#sentBefore.has(list)) {
      this.#sentBefore.add(list);
      return;
    }
    if (this.#cache.size >= maxCachedBlocks) this.#cache.clear();
    this.#cache.set(list, Buffer.from(this.#bytes.subarray(0, this.#at)));
  }

  #write(list: HeaderList): void {
    this.#at = 0;
    this.#reserve(list);
    if (this.#isResized) {
      // By way of zero, to clear the peer's table.
      this.#isResized = false;
      this.#integer(0x20, 0x1f, 0);
      this.#integer(0x20, 0x1f, this.#capacityBytes);
    }
    for (let i = 0; i + 1 < list.length; i += 2) this.#field(list[i] ?? "", list[i + 1] ?? "");
  }

  #field(name: string, value: string): void {
    const staticIndex = staticPairs.get(name)?.get(value);
    if (staticIndex !== undefined) {
      this.#integer(0x80, 0x7f, staticIndex);
      return;
    }
    if (!recurring.has(name)) {
      this.#literal(sensitive.has(name) ? 0x10 : 0, 0x0f, name, value);
      return;
    }
    const values = this.#known.get(name);
    const before = values?.get(value);
    if (before !== undefined) {
      this.#integer(0x80, 0x7f, staticEntries + this.#count - before);
      return;
    }
    const sizeBytes = name.length + value.length + entryOverhead;
    if (this.#tableBytes + sizeBytes > this.#capacityBytes) {
      this.#literal(0, 0x0f, name, value);
      return;
    }
    if (values === undefined) this.#known.set(name, new Map([[value, this.#count]]));
    else values.set(value, this.#count);
    this.#count += 1;
    this.#tableBytes += sizeBytes;
    this.#literal(0x40, 0x3f, name, value);
  }

  #literal(flags: number, mask: number, name: string, value: string): void {
    const index = staticNames.get(name) ?? 0;
    this.#integer(flags, mask, index);
    if (index === 0) this.#text(name);
    this.#text(value);
  }

  #integer(flags: number, mask: number, value: number): void {
    const bytes = this.#bytes;
    if (value < mask) {
      bytes[this.#at++] = flags + value;
      return;
    }
    bytes[this.#at++] = flags + mask;
    let rest = value - mask;
    for (; rest > 127; rest >>>= 7) bytes[this.#at++] = (rest & 127) | 128;
    bytes[this.#at++] = rest;
  }

  #text(text: string): void {
    this.#integer(0, 0x7f, text.length);
    this.#bytes.write(text, this.#at, "latin1");
    this.#at += text.length;
  }

  #reserve(list: HeaderList): void {
    let needed = 16;
    for (const text of list) needed += text.length + 8;
    if (needed > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(2 * needed);
  }
}
