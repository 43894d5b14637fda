/** What the kept bodies of one gateway may still take together. */
export interface KeptRoom {
  leftBytes: number;
}

/** A part of what a gateway's memory is: its resident 110 MB with ten thousand routes, of the 512 MiB of its chart. */
const roomBytes = 16 * 1024 * 1024;
/** A body that takes more would be in the place of too many others: 4 MiB in pieces of 1 KiB do not. */
const shareBytes = 5 * 1024 * 1024;
/** What a piece of a body takes besides its bytes. */
const pieceBytes = 256;

export function keptRoom(): KeptRoom {
  return { leftBytes: roomBytes };
}

/** One body's share: what has gone to a pod and is kept nevertheless, so that it can go to another. */
export class KeptShare {
  readonly #room: KeptRoom;
  #bytes = 0;

  constructor(room: KeptRoom) {
    this.#room = room;
  }

  /** Takes room for a piece, or for a whole body that is to come in pieces. False: there is none, or the body is too long. */
  take(sizeBytes: number): boolean {
    const bytes = sizeBytes + pieceBytes;
    if (bytes > this.#room.leftBytes || this.#bytes + bytes > shareBytes) return false;
    this.#room.leftBytes -= bytes;
    this.#bytes += bytes;
    return true;
  }

  /** Gives it back. Idempotent. */
  release(): void {
    this.#room.leftBytes += this.#bytes;
    this.#bytes = 0;
  }
}
