import { Buffer } from "node:buffer";

/** Bytes that come in more and smaller pieces than this are put together. */
const maxPieces = 64;
const pieceBytes = 2048;

/**
 * Bytes as they came. Each piece takes memory besides its bytes: a body of 64 KB that comes byte by byte would take a hundred times
 * as much as its client was allowed.
 */
export class Pieces {
  #list: Buffer[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get list(): readonly Buffer[] {
    return this.#list;
  }

  add(piece: Buffer): void {
    this.#list.push(piece);
    this.#sizeBytes += piece.length;
    const { length } = this.#list;
    if (length > maxPieces && this.#sizeBytes < pieceBytes * length) this.#list = [Buffer.concat(this.#list)];
  }

  /** All of them in one. */
  whole(): Buffer {
    const [first] = this.#list;
    return this.#list.length === 1 && first !== undefined ? first : Buffer.concat(this.#list);
  }

  /** Lets them go. */
  release(): void {
    this.#list = [];
    this.#sizeBytes = 0;
  }
}
