import { Buffer } from "node:buffer";

const headEnd = Buffer.from("\r\n\r\n");
/** A longer head is read anew each time. */
const maxKeptBytes = 1024;

/**
 * Reads the heads of one connection's messages. Most are what came before, byte by byte: to compare them costs less than to make a
 * text of them, even one that is only looked up.
 */
export class MessageHeadReader<Head> {
  readonly #maxBytes: number;
  #text: Buffer | undefined;
  #head: Head | undefined;
  /** Bytes of the head that was told last, with its empty line. */
  sizeBytes = 0;

  /** Longer ones are none. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The head that these bytes begin with. `read` makes it out of its lines, the last line break included. Undefined: it has not come
   * whole, or `read` says so.
   */
  of(bytes: Buffer, read: (text: string) => Head | undefined): Head | undefined {
    const text = this.#text;
    if (text !== undefined && text.length <= bytes.length && text.compare(bytes, 0, text.length) === 0) {
      this.sizeBytes = text.length;
      return this.#head;
    }
    const end = bytes.indexOf(headEnd);
    const head = end < 0 || end > this.#maxBytes ? undefined : read(bytes.toString("latin1", 0, end + 2));
    if (head === undefined) return undefined;
    this.sizeBytes = end + headEnd.length;
    if (this.sizeBytes <= maxKeptBytes) {
      this.#text = Buffer.from(bytes.subarray(0, this.sizeBytes));
      this.#head = head;
    }
    return head;
  }
}
