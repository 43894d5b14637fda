import { Buffer } from "node:buffer";
import { entryOverhead, staticEntries, staticTable } from "./static-table.ts";

/** Names and values in turn, names in lower case. */
export type HeaderList = readonly string[];

/** As large as every peer's table is until it says otherwise (RFC 9113 §6.5.2). */
const maxTableBytes = 4096;
/** Blocks that are kept ready, and the longest of them. */
const maxReady = 512;
const maxReadyBytes = 512;
/**
 * Headers whose values come again in the next message. Others go as they are: a value that differs each time would only push
 * these out, and secrets in a table can be guessed by what their repetition saves (RFC 7541 §7.1).
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
/** What is never put into a table, by us or by those behind (RFC 7541 §7.1.3). */
const secret = new Set(["authorization", "cookie", "set-cookie", "proxy-authorization"]);

const staticNames = new Map<string, number>();
const staticPairs = new Map<string, Map<string, number>>();
for (let index = staticEntries; index > 0; index -= 1) {
  const [name = "", value = ""] = [staticTable[2 * index - 2], staticTable[2 * index - 1]];
  staticNames.set(name, index);
  if (value !== "") staticPairs.set(name, (staticPairs.get(name) ?? new Map<string, number>()).set(value, index));
}

/**
 * Writes header blocks of one connection (RFC 7541), without Huffman code: on the networks of a cluster time is dearer than
 * bytes. Its table is filled once and then stays, so that nothing is looked up that has been pushed out.
 */
export class HeaderWriter {
  /** The last block is at its beginning; the next one may be written over it. */
  block: Buffer = Buffer.alloc(0);
  #bytes: Buffer = Buffer.allocUnsafe(1024);
  #at = 0;
  #capacityBytes = maxTableBytes;
  #tableBytes = 0;
  #count = 0;
  /** By name and value: how many were in the table before. */
  #known = new Map<string, Map<string, number>>();
  #isResized = false;
  /** Blocks of lists that came more than once, ready to go out again. */
  readonly #ready = new Map<HeaderList, Buffer>();
  /** Lists that came before: most of those that are made for one message never come again. */
  readonly #came = new WeakSet<HeaderList>();

  /** The table that the peer allows, in bytes. */
  limitTable(peerBytes: number): void {
    const bytes = Math.min(peerBytes, maxTableBytes);
    if (bytes === this.#capacityBytes) return;
    this.#capacityBytes = bytes;
    this.#isResized = true;
    this.#ready.clear();
    this.#known = new Map();
    this.#tableBytes = 0;
    this.#count = 0;
  }

  /** Writes a block into `block`. Returns its length. The same list, unchanged, costs next to nothing when it comes again. */
  encode(list: HeaderList): number {
    const ready = this.#ready.get(list);
    if (ready !== undefined) {
      this.block = ready;
      return ready.length;
    }
    const before = this.#count;
    const isPlain = !this.#isResized;
    this.#write(list);
    this.block = this.#bytes;
    // What has not changed the table now does not change it the next time.
    if (this.#count !== before) this.#ready.clear();
    else if (isPlain && this.#at <= maxReadyBytes) this.#remember(list);
    return this.#at;
  }

  #remember(list: HeaderList): void {
    if (!this.#came.has(list)) {
      this.#came.add(list);
      return;
    }
    if (this.#ready.size >= maxReady) this.#ready.clear();
    this.#ready.set(list, Buffer.from(this.#bytes.subarray(0, this.#at)));
  }

  #write(list: HeaderList): void {
    this.#at = 0;
    this.#reserve(list);
    if (this.#isResized) {
      // By way of zero: what was in the peer's table is gone.
      this.#isResized = false;
      this.#integer(0x20, 0x1f, 0);
      this.#integer(0x20, 0x1f, this.#capacityBytes);
    }
    for (let i = 0; i + 1 < list.length; i += 2) this.#field(list[i] ?? "", list[i + 1] ?? "");
  }

  #field(name: string, value: string): void {
    const fixed = staticPairs.get(name)?.get(value);
    if (fixed !== undefined) {
      this.#integer(0x80, 0x7f, fixed);
      return;
    }
    if (!recurring.has(name)) {
      this.#literal(secret.has(name) ? 0x10 : 0, 0x0f, name, value);
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
