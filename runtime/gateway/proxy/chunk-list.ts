import { Buffer } from "node:buffer";

/** More chunks than this, if they are smaller than `smallChunkBytes` on average, are merged. */
const maxSmallChunks = 64;
const smallChunkBytes = 2048;

/**
 * Received chunks. Each chunk takes memory besides its bytes: a body of 64 KB that arrives byte by byte would take a hundred
 * times its limit.
 */
export class ChunkList {
  #list: Buffer[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get list(): readonly Buffer[] {
    return this.#list;
  }

  add(chunk: Buffer): void {
    this.#list.push(chunk);
    this.#sizeBytes += chunk.length;
    const { length } = this.#list;
    if (length > maxSmallChunks && this.#sizeBytes < smallChunkBytes * length) this.#list = [Buffer.concat(this.#list)];
  }

  /** All chunks in one buffer. */
  whole(): Buffer {
    const [first] = this.#list;
    return this.#list.length === 1 && first !== undefined ? first : Buffer.concat(this.#list);
  }

  /** Drops all chunks. */
  release(): void {
    this.#list = [];
    this.#sizeBytes = 0;
  }
}
